/*
 * Division for processors without the instruction (armv7-a), in place of libgcc's unrolled loops: 1 KB less in each
 * program.  Names and results are those of the run-time ABI for the Arm architecture, section 4.3.1.
 */
#ifndef a_crash
#include "atomic.h"
#endif

unsigned long long __aeabi_uidivmod(unsigned int number, unsigned int by);
unsigned int __aeabi_uidiv(unsigned int number, unsigned int by);
unsigned int __udivsi3(unsigned int number, unsigned int by);
unsigned long long __aeabi_idivmod(int number, int by);
int __aeabi_idiv(int number, int by);
int __divsi3(int number, int by);

/* Remainder in the upper half (r1), quotient in the lower (r0). */
unsigned long long __aeabi_uidivmod(unsigned int number, unsigned int by)
{
	unsigned int quotient = 0;

	if (!by)
		a_crash();
	if (number >= by) {
		int shift = __builtin_clz(by) - __builtin_clz(number);

		for (by <<= shift; shift >= 0; shift--, by >>= 1) {
			quotient <<= 1;
			if (number >= by) {
				number -= by;
				quotient |= 1;
			}
		}
	}
	return (unsigned long long)number << 32 | quotient;
}

unsigned int __aeabi_uidiv(unsigned int number, unsigned int by)
{
	return (unsigned int)__aeabi_uidivmod(number, by);
}

unsigned int __udivsi3(unsigned int number, unsigned int by)
{
	return (unsigned int)__aeabi_uidivmod(number, by);
}

/* C11 6.5.5: the quotient is cut towards zero and the remainder has the sign of the number. */
unsigned long long __aeabi_idivmod(int number, int by)
{
	unsigned long long both = __aeabi_uidivmod(number < 0 ? 0u - (unsigned int)number : (unsigned int)number,
						   by < 0 ? 0u - (unsigned int)by : (unsigned int)by);
	unsigned int quotient = (unsigned int)both, rest = (unsigned int)(both >> 32);

	if ((number ^ by) < 0)
		quotient = 0 - quotient;
	if (number < 0)
		rest = 0 - rest;
	return (unsigned long long)rest << 32 | quotient;
}

int __aeabi_idiv(int number, int by)
{
	return (int)__aeabi_idivmod(number, by);
}

int __divsi3(int number, int by)
{
	return (int)__aeabi_idivmod(number, by);
}
