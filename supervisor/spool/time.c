#include <string.h>

#include "spool/line.h"

#define SECOND_US  1000000u
#define DAY_S      86400u
#define ERA_DAYS   146097u /* 400 years of the Gregorian calendar */
#define EPOCH_DAYS 719468u /* from 0000-03-01 to 1970-01-01 */

/*
 * Days and dates by counting years from March, so that the leap day is the last of its year: every
 * month of the 153 days from March to July and from August to December starts at (153 m + 2) / 5.
 */
static void add_digits(char *to, uint32_t number, size_t count)
{
	while (count--) {
		to[count] = (char)('0' + number % 10);
		number /= 10;
	}
}

static void write_date(char *text, uint64_t days)
{
	uint64_t shifted = days + EPOCH_DAYS;
	uint32_t day = (uint32_t)(shifted % ERA_DAYS);
	uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint32_t of_year = day - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * of_year + 2) / 153;

	add_digits(text + 8, of_year - (153 * month + 2) / 5 + 1, 2);
	month = month < 10 ? month + 3 : month - 9;
	add_digits(text + 5, month, 2);
	add_digits(text, year + (uint32_t)(shifted / ERA_DAYS) * 400 + (month <= 2), 4);
}

void spool_time_write(char text[SPOOL_TIME_SIZE], uint64_t real_us)
{
	/* Records come many to a second: the text of the second is kept. */
	static char known[SPOOL_TIME_SIZE + 1] = "1970-01-01T00:00:00.000000Z";
	static uint64_t known_s;
	uint64_t seconds = real_us / SECOND_US;

	if (seconds != known_s) {
		uint32_t of_day = (uint32_t)(seconds % DAY_S);

		write_date(known, seconds / DAY_S);
		add_digits(known + 11, of_day / 3600, 2);
		add_digits(known + 14, of_day / 60 % 60, 2);
		add_digits(known + 17, of_day % 60, 2);
		known_s = seconds;
	}
	memcpy(text, known, SPOOL_TIME_SIZE - 1);
	text[SPOOL_TIME_SIZE - 1] = 'Z';
	add_digits(text + 20, (uint32_t)(real_us % SECOND_US), 6);
}

static uint32_t digits(const char *at, size_t count)
{
	uint32_t number = 0;

	for (; count; count--)
		number = number * 10 + (uint32_t)(*at++ - '0');
	return number;
}

/* Days since 1970 of a date; the caller has checked the ranges. */
static uint64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
	uint32_t shifted = month <= 2 ? year - 1 : year;
	uint32_t of_era = shifted % 400;
	uint32_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return (uint64_t)(shifted / 400) * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - EPOCH_DAYS;
}

static uint32_t days_in(uint32_t year, uint32_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

uint64_t spool_time_read(const char *text, size_t size)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
	bool fraction = size == SPOOL_TIME_SIZE;
	uint32_t month;
	uint32_t day;

	if (!fraction && !(size == 20 && text[19] == 'Z'))
		return 0;
	for (size_t i = 0; i < (fraction ? size : 19); i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return 0;
	month = digits(text + 5, 2);
	day = digits(text + 8, 2);
	/* No leap second: RFC 5424 section 6.2.3.1 has none. */
	if (digits(text, 4) < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > days_in(digits(text, 4), month) || digits(text + 11, 2) > 23 ||
	    digits(text + 14, 2) > 59 || digits(text + 17, 2) > 59)
		return 0;
	return (days_of(digits(text, 4), month, day) * DAY_S + digits(text + 11, 2) * 3600 +
		digits(text + 14, 2) * 60 + digits(text + 17, 2)) *
		       SECOND_US +
	       (fraction ? digits(text + 20, 6) : 0);
}
