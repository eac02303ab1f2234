#ifndef OPTIONS_PROBE_H
#define OPTIONS_PROBE_H

/* One line "key=value" on the standard output. */
void say(const char *key, const char *value);
void say_number(const char *key, long long value);

/* The errno of an attempt that returned @result, 0 when it worked. */
void tried(const char *key, long result);

/* facts.c: what can be read */
void facts(int argc, char **argv, char **environment);

/* attempts.c: what can be done */
void attempts(void);

/* steps.c: what is done with files, as the words say */
void steps(char **argv);

void filter(void); /* filter.c: what the system call filter lets through */

#endif
