#ifndef EXPORT_SUITES_H
#define EXPORT_SUITES_H

/* The cipher suites we offer, best first, ending with 0; static. ChaCha20 comes first where the CPU
 * has no AES instructions (2.6 times cheaper there), AES-128-GCM where it has; ECDHE-RSA-AES128-GCM
 * is always offered (RFC 9662 section 5). */
const int *export_suites(void);

#endif
