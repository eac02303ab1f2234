#ifndef POLICY_CAPABILITIES_H
#define POLICY_CAPABILITIES_H

/* Bits of what cap_add may list; the numbers are the kernel's (linux/capability.h). */
#define POLICY_CAP_NET_BIND_SERVICE (1u << 10)
#define POLICY_CAP_NET_ADMIN        (1u << 12)
#define POLICY_CAP_NET_RAW          (1u << 13)
#define POLICY_CAP_SYS_NICE         (1u << 23)

/* What a process of the service really holds; the two others are a sysctl and resource limits. */
#define POLICY_CAPS_HELD (POLICY_CAP_NET_ADMIN | POLICY_CAP_NET_RAW)
#define POLICY_CAPS_ALL  (POLICY_CAPS_HELD | POLICY_CAP_NET_BIND_SERVICE | POLICY_CAP_SYS_NICE)

#endif
