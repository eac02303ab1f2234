#ifndef IMAGE_COMMANDS_H
#define IMAGE_COMMANDS_H

/* `bartizan image WORD ...`: a table of its own. Each returns an exit code (cli/options.h). */
int image_command(int argc, char **argv);

int image_build_command(int argc, char **argv);
int image_sign_command(int argc, char **argv);
int image_verify_command(int argc, char **argv);
int image_inspect_command(int argc, char **argv);
int image_lint_command(int argc, char **argv);
int image_diff_command(int argc, char **argv);
int image_delta_command(int argc, char **argv);

/* `bartizan trust build`: a trust bundle. */
int trust_command(int argc, char **argv);

/* `bartizan explain`: the reference of the configuration files. */
int explain_command(int argc, char **argv);

#endif
