/* links: mbedtls */
/* On x86 without AES: the questions after the instructions are answered here, so BearSSL's code for
 * any CPU is what runs. Elsewhere nobody asks. */
#include "gcm_cases.h"

const void *br_aes_x86ni_ctr_get_vtable(void);
const void *br_aes_x86ni_ctr_get_vtable(void)
{
	return NULL;
}

const void *br_ghash_pclmul_get(void);
const void *br_ghash_pclmul_get(void)
{
	return NULL;
}

int main(void)
{
	return run_gcm_cases();
}
