#include <string.h>

#include "base/str.h"
#include "image/scan.h"

static bool any_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (str_equal(name, *names))
			return true;
	return false;
}

/* Something that could be started: a file with the bit, or a link to one. */
static bool is_program(const struct scan_file *f)
{
	return S_ISLNK(f->st->st_mode) || (S_ISREG(f->st->st_mode) && (f->st->st_mode & 0111));
}

static bool is_special(const struct scan_file *f)
{
	return !S_ISREG(f->st->st_mode) && !S_ISDIR(f->st->st_mode) && !S_ISLNK(f->st->st_mode);
}

static bool is_setuid(const struct scan_file *f)
{
	return S_ISREG(f->st->st_mode) && (f->st->st_mode & 06000);
}

static bool has_capability(const struct scan_file *f)
{
	return f->capability;
}

static bool is_writable(const struct scan_file *f)
{
	return !S_ISLNK(f->st->st_mode) && (f->st->st_mode & 0002);
}

static bool is_shell(const struct scan_file *f)
{
	static const char *const names[] = {"sh",   "bash",    "dash",   "ash",  "zsh",
					    "ksh",  "mksh",    "csh",    "tcsh", "fish",
					    "yash", "busybox", "toybox", NULL};

	return is_program(f) && any_of(f->name, names);
}

static bool is_compiler(const struct scan_file *f)
{
	static const char *const names[] = {"cc",   "gcc",   "g++", "c++",   "clang", "tcc",
					    "ld",   "as",    "go",  "rustc", "cargo", "javac",
					    "make", "cmake", "gdb", NULL};

	return is_program(f) && any_of(f->name, names);
}

static bool is_header(const struct scan_file *f)
{
	return S_ISREG(f->st->st_mode) &&
	       (str_starts(f->path, "usr/include/") || str_ends(f->name, ".h"));
}

static bool is_package_manager(const struct scan_file *f)
{
	static const char *const names[] = {"apt",  "apt-get", "dpkg", "rpm",   "yum",
					    "dnf",  "zypper",  "apk",  "opkg",  "pip",
					    "pip3", "npm",     "gem",  "conda", NULL};

	return is_program(f) && any_of(f->name, names);
}

static bool is_cache(const struct scan_file *f)
{
	static const char *const places[] = {"var/cache/", "var/lib/apt/lists/", "root/.cache/",
					     "root/.npm/", "tmp/"};

	if (!S_ISREG(f->st->st_mode))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (str_starts(f->path, places[i]))
			return true;
	return str_ends(f->name, ".deb") || str_ends(f->name, ".rpm") || str_ends(f->name, ".apk");
}

static bool holds_key(const struct scan_file *f)
{
	return f->secrets & SECRET_PRIVATE_KEY;
}

static bool holds_token(const struct scan_file *f)
{
	return f->secrets & SECRET_TOKEN;
}

static bool holds_random(const struct scan_file *f)
{
	return f->secrets & SECRET_RANDOM;
}

static bool is_secret_file(const struct scan_file *f)
{
	static const char *const names[] = {
		".env",     ".netrc",     ".pgpass", ".htpasswd", ".git-credentials", "id_rsa",
		"id_ecdsa", "id_ed25519", "id_dsa",  ".npmrc",    ".pypirc",          NULL};

	return S_ISREG(f->st->st_mode) &&
	       (any_of(f->name, names) || str_starts(f->name, ".env.") ||
		str_ends(f->path, ".aws/credentials") || str_ends(f->path, ".docker/config.json"));
}

/* clang-format off */
const struct scan_rule scan_rules[] = {
	{"device", true, true, "is a device node, pipe or socket", "an image holds files, directories and links only", is_special},
	{"setuid", true, false, "is setuid or setgid", "services gain no privileges: remove the bit", is_setuid},
	{"capability", true, false, "has file capabilities", "services gain no privileges: setcap -r", has_capability},
	{"shell", true, false, "is a shell", "start the service itself, without one; the device must allow_shell too", is_shell},
	{"private-key", true, false, "holds a private key", "secret = NAME brings it at run time (bartizan secret)", holds_key},
	{"token", true, false, "holds an access token", "secret = NAME brings it at run time (bartizan secret)", holds_token},
	{"secret-file", true, false, "is a file that people keep secrets in", "secret = NAME brings it at run time (bartizan secret)", is_secret_file},
	{"random-value", false, false, "assigns a value that looks like a secret", "secret = NAME brings it at run time (bartizan secret)", holds_random},
	{"world-writable", false, false, "is writable by everybody", "the image gets 0755 and 0644; use tmpfs or volume to write", is_writable},
	{"compiler", false, false, "builds programs", "build in another stage", is_compiler},
	{"header", false, false, "is for building programs", "build in another stage", is_header},
	{"package-manager", false, false, "installs packages", "build in another stage", is_package_manager},
	{"cache", false, false, "is left over from installing", "build in another stage", is_cache},
};
/* clang-format on */

const unsigned int scan_rule_count = ARRAY_SIZE(scan_rules);

_Static_assert(ARRAY_SIZE(scan_rules) <= SCAN_RULES_MAX, "struct scan has a bit for each rule");
