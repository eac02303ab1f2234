/* links: mbedtls */
/* As the library has it on this machine: on x86 BearSSL's (toolchain/mbedtls/gcm_bearssl.c). */
#include "gcm_cases.h"

int main(void)
{
	return run_gcm_cases();
}
