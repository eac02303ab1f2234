#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

/*
 * The name of a program's main function: main, unless the program shares its file with others
 * (Kconfig MULTICALL). Then the build says -DPROGRAM_MAIN=<program>_main for its main.c, and
 * programs/multicall/main.c calls it by the name that the file was started with.
 */
#ifndef PROGRAM_MAIN
#define PROGRAM_MAIN main
#endif

int PROGRAM_MAIN(int argc, char **argv);

#endif
