#include "probe.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

static void *thread_main(void *argument)
{
	*(int *)argument = 1;
	return NULL;
}

static void threads(void)
{
	pthread_t thread;
	int ran = 0;
	int r = pthread_create(&thread, NULL, thread_main, &ran);

	if (!r)
		pthread_join(thread, NULL);
	say_number("pthread", r ? r : ran ? 0 : -1);
}

static void spawned(void)
{
	static char *const argv[] = {"probe", "exit", "7", NULL};
	pid_t pid;
	int status = -1;
	int r = posix_spawn(&pid, "/bin/probe", NULL, NULL, argv, argv + 3);

	if (!r)
		waitpid(pid, &status, 0);
	say_number("spawn", r ? r : WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* How a child ends that does this: the signal, or 0 when nothing happens to it. */
static void in_child(const char *key, void (*function)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		function();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_number(key, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

#ifdef __x86_64__
/* getpid of i386, and of x32 */
static void int80(void)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "memory", "r8", "r9", "r10", "r11");
}

static void x32(void)
{
	syscall(0x40000000L | SYS_getpid);
}
#endif

/* Writable and executable, at once or one after the other. */
static void writable_code(void)
{
	void *both = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int id;

	tried("wx.mmap", both == MAP_FAILED ? -1 : 0);
	id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	tried("wx.shmat", id < 0 || shmat(id, NULL, SHM_EXEC) == (void *)-1 ? -1 : 0);
	shmctl(id, IPC_RMID, NULL);
}

void filter(void)
{
	threads();
	spawned();
	writable_code();
	tried("clone3", syscall(SYS_clone3, NULL, 0L));
	tried("call.newest", syscall(466L, -1L, "", 0L, "", 0L));
	tried("call.unknown", syscall(600L));
	tried("bpf", syscall(SYS_bpf, 0L, NULL, 0L));
	tried("userfaultfd", syscall(SYS_userfaultfd, 0L));
	tried("io_uring", syscall(425L, 1L, NULL));
	tried("personality", personality(0x0400000));
	tried("socket.alg", socket(38, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	tried("socket.vsock", socket(40, SOCK_STREAM | SOCK_CLOEXEC, 0));
	tried("socket.vsock.high", syscall(SYS_socket, 1LL << 32 | 40, SOCK_STREAM, 0L));
	tried("socket.packet", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	tried("setxattr", syscall(SYS_setxattr, "/tmp", "user.x", "", 0L, 0L));
#ifdef __x86_64__
	in_child("int80", int80);
	in_child("x32", x32);
#endif
}
