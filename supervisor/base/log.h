#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * Console lines for people, one write(2) each so that lines of several processes do not mix. Not
 * the audit trail. Only programs/ and service/ call this; everything below reports through struct
 * err.
 */
void log_open(int fd, const char *program); /* @program must outlive the process's logging; fd stays
					       the caller's */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
