/* The product's child.c over the table of weak.c, which is made anew for each process. */
#define sandbox_steps      weak_steps
#define sandbox_step_count weak_step_count
#include "sandbox/child.c"
