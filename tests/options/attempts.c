#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

static void create(const char *path)
{
	char key[64];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	struct stat st;

	snprintf(key, sizeof(key), "create%s", path);
	tried(key, fd);
	if (fd < 0)
		return;
	snprintf(key, sizeof(key), "mode%s", path);
	if (!fstat(fd, &st))
		say_number(key, st.st_mode & 0777);
	close(fd);
	unlink(path);
}

static void try_open(const char *path, int flags)
{
	char key[96];
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	snprintf(key, sizeof(key), "open%s%s", flags == O_RDONLY ? "" : ".rw", path);
	tried(key, fd);
	if (fd >= 0)
		close(fd);
}

static void bind_port(const char *key, int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	tried(key, bind(fd, (struct sockaddr *)&at, sizeof(at)));
	close(fd);
}

static void option(const char *key, int level, int name)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int value = -1;
	socklen_t size = sizeof(value);

	if (getsockopt(fd, level, name, &value, &size) == 0)
		say_number(key, value);
	close(fd);
}

/* NET_ADMIN: may the address of loopback be changed? */
static void configure_link(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_mtu = 1500};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	tried("net.mtu", ioctl(fd, SIOCSIFMTU, &lo));
	close(fd);
}

static void network(void)
{
	struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons(80)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "10.0.2.2", &host.sin_addr);
	tried("net.connect", connect(fd, (struct sockaddr *)&host, sizeof(host)));
	close(fd);
	bind_port("net.bind80", 80);
	bind_port("net.bind8080", 8080);
	tried("net.raw", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1));
	tried("net.packet", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	tried("net.ping", socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 1));
	option("net.ipv4.tcp_keepalive_time", IPPROTO_TCP, TCP_KEEPIDLE);
	option("net.ipv4.tcp_keepalive_intvl", IPPROTO_TCP, TCP_KEEPINTVL);
	option("net.ipv4.tcp_keepalive_probes", IPPROTO_TCP, TCP_KEEPCNT);
	option("net.ipv4.tcp_fin_timeout", IPPROTO_TCP, TCP_LINGER2);
	option("net.ipv4.ip_default_ttl", IPPROTO_IP, IP_TTL);
	configure_link();
}

static void scheduling(void)
{
	const struct sched_param first = {.sched_priority = 1};

	errno = 0;
	tried("nice", setpriority(PRIO_PROCESS, 0, -5));
	setpriority(PRIO_PROCESS, 0, 0);
	/* sched_setscheduler(3) of musl is ENOSYS by design. */
	tried("fifo", syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first));
	syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &(const struct sched_param){0});
}

/* kernel.shm_rmid_forced: a segment that nobody has attached is gone. */
static void shared_memory(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	void *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
	struct shmid_ds ds;

	if (at == (void *)-1)
		return;
	shmdt(at);
	tried("shm.detached", shmctl(id, IPC_STAT, &ds));
	shmctl(id, IPC_RMID, NULL);
}

static void memory(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	tried("mprotect.exec", mprotect(page, 4096, PROT_READ | PROT_EXEC));
	tried("mlock", mlock(page, 4096));
	munmap(page, 4096);
}

static void privileges(void)
{
	struct timeval now = {.tv_sec = 1};

	tried("setuid0", setuid(0));
	tried("setgroups", syscall(SYS_setgroups, 1, (gid_t[]){0}));
	tried("sethostname", sethostname("x", 1));
	tried("settimeofday", settimeofday(&now, NULL));
	tried("mount", mount("none", "/", "tmpfs", 0, NULL));
	tried("chroot", chroot("/"));
	tried("ptrace", syscall(SYS_ptrace, 0L, 0L, 0L, 0L));
	tried("keyctl", syscall(SYS_keyctl, 0L, 0L, 0L, 0L, 0L));
	tried("unshare", unshare(CLONE_NEWUSER));
	tried("mknod", mknod("/dev/x", S_IFCHR | 0600, makedev(1, 1)));
	tried("mknod.tmp", mknod("/tmp/x", S_IFCHR | 0600, makedev(1, 1)));
	tried("exec.shell", execl("/bin/sh", "sh", (char *)NULL));
}

void attempts(void)
{
	create("/new");
	create("/etc/new");
	create("/dev/new");
	create("/tmp/new");
	create("/data/new");
	try_open("/dev/null", O_RDWR);
	try_open("/dev/zero", O_RDONLY);
	try_open("/dev/urandom", O_RDONLY);
	try_open("/dev/mem", O_RDONLY);
	try_open("/dev/tty", O_RDWR);
	try_open("/dev/watchdog", O_RDWR);
	try_open("/dev/hwrng", O_RDONLY);
	try_open("/dev/rtc0", O_RDONLY);
	try_open("/proc/kcore", O_RDONLY);
	try_open("/proc/sysrq-trigger", O_RDONLY);
	try_open("/proc/sys/kernel/hostname", O_RDONLY);
	network();
	scheduling();
	shared_memory();
	memory();
	privileges();
	filter();
}
