#include "sandbox/device_filter.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

/*
 * BPF_PROG_TYPE_CGROUP_DEVICE (Documentation/admin-guide/cgroup-v2.rst, "Device controller"): the
 * kernel asks it at every open and mknod of a device node by a process of the cgroup. Nothing is
 * allowed but what is listed; nobody may mknod.
 */
#define INSTRUCTIONS_MAX (8 + 7 * (FILTER_BASE + PLAN_DEVICES_MAX))
#define FILTER_BASE      6
#define ACCESS_ALL       (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

struct program {
	struct bpf_insn code[INSTRUCTIONS_MAX];
	unsigned int count;
};

/* Documentation/admin-guide/devices.txt: null zero full random urandom tty. */
static const struct {
	unsigned int major;
	unsigned int minor;
} base[FILTER_BASE] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}};

/* As uapi/linux/bpf.h has them; one line per instruction of instruction-set.rst. */
static void emit(struct program *p, uint8_t code, unsigned int registers, int16_t offset,
		 int32_t number)
{
	p->code[p->count++] = (struct bpf_insn){.code = code,
						.dst_reg = registers & 0xfu,
						.src_reg = (registers >> 4) & 0xfu,
						.off = offset,
						.imm = number};
}

#define LOAD(to, field)                                                                            \
	BPF_LDX | BPF_MEM | BPF_W, (to) | 1 << 4,                                                  \
		(int16_t)offsetof(struct bpf_cgroup_dev_ctx, field), 0
#define SKIP_UNLESS(reg, number, skip) BPF_JMP | BPF_JNE | BPF_K, (reg), (skip), (int32_t)(number)

/* r2 type, r3 access, r4 major, r5 minor; seven instructions, of which the last answers. */
static void allow(struct program *p, unsigned int major, unsigned int minor, unsigned int access)
{
	emit(p, SKIP_UNLESS(4, major, 6));
	emit(p, SKIP_UNLESS(5, minor, 5));
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, 1 | 3 << 4, 0, 0);
	emit(p, BPF_ALU64 | BPF_AND | BPF_K, 1, 0, (int32_t)(ACCESS_ALL & ~access));
	emit(p, SKIP_UNLESS(1, 0, 2));
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 1);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

static void build(struct program *p, const struct plan *plan)
{
	p->count = 0;
	emit(p, LOAD(2, access_type));
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, 3 | 2 << 4, 0, 0);
	emit(p, BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0xffff);
	emit(p, BPF_ALU64 | BPF_RSH | BPF_K, 3, 0, 16);
	emit(p, LOAD(4, major));
	emit(p, LOAD(5, minor));
	/* Block devices: to the refusal at the end. */
	emit(p,
	     SKIP_UNLESS(2, BPF_DEVCG_DEV_CHAR, (int16_t)(7 * (FILTER_BASE + plan->device_count))));
	for (size_t i = 0; i < FILTER_BASE; i++)
		allow(p, base[i].major, base[i].minor, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE);
	for (unsigned int i = 0; i < plan->device_count; i++)
		allow(p, major(plan->devices[i].number), minor(plan->devices[i].number),
		      BPF_DEVCG_ACC_READ | (plan->devices[i].write ? BPF_DEVCG_ACC_WRITE : 0u));
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static int load(const struct plan *plan)
{
	static struct program program;
	static const char license[] = "GPL";
	union bpf_attr attr;

	build(&program, plan);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)program.code;
	attr.insn_cnt = program.count;
	attr.license = (uint64_t)(uintptr_t)license;
	return bpf(BPF_PROG_LOAD, &attr);
}

/* The one program that the cgroup has; 0: none, or not exactly one. */
static uint32_t attached(int cgroup_fd)
{
	uint32_t ids[4] = {0};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = ARRAY_SIZE(ids);
	return bpf(BPF_PROG_QUERY, &attr) < 0 || attr.query.prog_cnt != 1 ? 0 : ids[0];
}

static int get_info(int program_fd, struct bpf_prog_info *info)
{
	union bpf_attr attr;

	memset(info, 0, sizeof(*info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)program_fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (uint64_t)(uintptr_t)info;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static uint32_t id_of(int program_fd)
{
	struct bpf_prog_info info;

	return get_info(program_fd, &info) < 0 ? 0 : info.id;
}

static int open_program(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

int device_filter_apply(int cgroup_fd, const struct plan *plan, uint32_t *program, struct err *err)
{
	CLEAN_FD int program_fd = -1;
	union bpf_attr attr;
	int r;

	/* That of an earlier life of the same admission. */
	if (*program && attached(cgroup_fd) == *program)
		return 0;
	program_fd = load(plan);
	if (program_fd < 0)
		return err_sys(err, -program_fd, "the filter of devices cannot be loaded");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	r = bpf(BPF_PROG_ATTACH, &attr);
	if (r < 0)
		return err_sys(err, -r, "the filter of devices cannot be attached");
	*program = id_of(program_fd);
	if (!*program || attached(cgroup_fd) != *program)
		return err_set(err, EPERM, "the filter of devices is not the one of the cgroup");
	return 0;
}

int device_filter_hold(int cgroup_fd, const struct plan *plan, struct err *err)
{
	uint32_t id = attached(cgroup_fd);
	CLEAN_FD int have_fd = -1;
	CLEAN_FD int wanted_fd = -1;
	struct bpf_prog_info have;
	struct bpf_prog_info wanted;

	if (!id)
		return err_set(err, EPERM, "the cgroup has no filter of devices");
	have_fd = open_program(id);
	wanted_fd = load(plan);
	if (have_fd < 0 || wanted_fd < 0 || get_info(have_fd, &have) < 0 ||
	    get_info(wanted_fd, &wanted) < 0)
		return err_set(err, EIO, "the filter of devices cannot be read");
	if (memcmp(have.tag, wanted.tag, sizeof(have.tag)) != 0)
		return err_set(err, EPERM, "the filter of devices is not the one of the policy");
	return 0;
}
