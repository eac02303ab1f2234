#ifndef SYS_MODULE_H
#define SYS_MODULE_H

/*
 * Load the kernel module in the file @path (a plain .ko) without parameters. 0 when it is loaded or
 * was already; -ENOENT: no such file; otherwise -errno of finit_module(2): -EPERM after
 * modules_disabled, -EKEYREJECTED for a bad signature, -ENOEXEC for a module of another kernel.
 */
int module_load(const char *path);

#endif
