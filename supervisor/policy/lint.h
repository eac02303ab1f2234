#ifndef POLICY_LINT_H
#define POLICY_LINT_H

/*
 * `bartizan lint FILE`: a service file as people write it ([image] is refused), through the reader
 * and the bounds of the device. On the build host it is a command of bartizan, on the device one of
 * `compile`, which has the reader anyway. Returns an exit code (cli/options.h).
 */
int policy_lint_command(int argc, char **argv);

#endif
