#include "image/sbom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "image/packages.h"
#include "image/stage.h"
#include "trust/refuse.h"

#define DATABASE_MAX (32u << 20)
#define DOCUMENT_MAX (16u << 20)
#define HINT_SBOM    "without packages there is nothing to list: leave --sbom out"

/* Where they lie; of a package manager with two places the first that is there counts. */
static const struct {
	const char *path;
	const struct package_form *form;
} databases[] = {
	{"var/lib/dpkg/status", &package_deb},
	{"lib/apk/db/installed", &package_apk},
	{"usr/lib/apk/db/installed", &package_apk},
};

/* One form of document. A row to add another. */
struct document {
	const char *name;
	void (*begin)(struct text *t, const struct sbom *s, const struct manifest *m,
		      const char *date);
	void (*add)(struct text *t, const struct package *p, const char *url, uint32_t number);
	void (*end)(struct text *t, uint32_t count);
};

static void spdx_begin(struct text *t, const struct sbom *s, const struct manifest *m,
		       const char *date)
{
	char name[128];

	(void)s;
	str_join(name, sizeof(name), m->name, "-", m->version);
	text_add(t, "{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\",\"SPDXID\":"
		    "\"SPDXRef-DOCUMENT\"");
	text_add_json_member(t, "name", name);
	text_add(t, ",\"documentNamespace\":\"urn:bartizan:");
	text_add(t, name); /* a name and a version need no escapes */
	text_add(t, "\",\"creationInfo\":{\"creators\":[\"Tool: bartizan\"]");
	text_add_json_member(t, "created", date);
	text_add(t, "},\"packages\":[");
}

static void spdx_add(struct text *t, const struct package *p, const char *url, uint32_t number)
{
	text_add(t, number ? ",{\"SPDXID\":\"SPDXRef-" : "{\"SPDXID\":\"SPDXRef-");
	text_add_u64(t, number + 1);
	text_add(t, "\"");
	text_add_json_member(t, "name", p->name);
	text_add_json_member(t, "versionInfo", p->version);
	text_add(t,
		 ",\"downloadLocation\":\"NOASSERTION\",\"filesAnalyzed\":false,\"externalRefs\":[{"
		 "\"referenceCategory\":\"PACKAGE-MANAGER\",\"referenceType\":\"purl\"");
	text_add_json_member(t, "referenceLocator", url);
	text_add(t, "}]}");
}

static void spdx_end(struct text *t, uint32_t count)
{
	text_add(t, "],\"relationships\":[");
	for (uint32_t i = 0; i < count; i++) {
		text_add(t, i ? ",{" : "{");
		text_add(
			t,
			"\"spdxElementId\":\"SPDXRef-DOCUMENT\",\"relationshipType\":\"DESCRIBES\","
			"\"relatedSpdxElement\":\"SPDXRef-");
		text_add_u64(t, i + 1);
		text_add(t, "\"}");
	}
	text_add(t, "]}\n");
}

static void cyclonedx_begin(struct text *t, const struct sbom *s, const struct manifest *m,
			    const char *date)
{
	(void)s;
	text_add(t, "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"version\":1,"
		    "\"metadata\":{");
	text_add_json_member(t, "timestamp", date);
	text_add(t, ",\"component\":{\"type\":\"application\"");
	text_add_json_member(t, "name", m->name);
	text_add_json_member(t, "version", m->version);
	text_add(t, "}},\"components\":[");
}

static void cyclonedx_add(struct text *t, const struct package *p, const char *url, uint32_t number)
{
	text_add(t, number ? ",{\"type\":\"library\"" : "{\"type\":\"library\"");
	text_add_json_member(t, "name", p->name);
	text_add_json_member(t, "version", p->version);
	text_add_json_member(t, "purl", url);
	text_add(t, "}");
}

static void cyclonedx_end(struct text *t, uint32_t count)
{
	(void)count;
	text_add(t, "]}\n");
}

static const struct document documents[] = {
	{"spdx", spdx_begin, spdx_add, spdx_end},
	{"cyclonedx", cyclonedx_begin, cyclonedx_add, cyclonedx_end},
};

static const struct document *find_document(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
		if (str_equal(documents[i].name, name))
			return &documents[i];
	return NULL;
}

/* Package URL: characters beyond the unreserved ones of RFC 3986 in their %XX form. */
static void add_escaped(struct text *t, const char *text)
{
	for (; *text; text++) {
		char c = *text;
		char escaped[4];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c)) {
			text_add_bytes(t, &c, 1);
			continue;
		}
		(void)snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned char)c);
		text_add(t, escaped);
	}
}

static void make_url(const struct package_form *form, const struct package *p, char *url,
		     size_t size)
{
	struct text t = {.at = url, .size = size};

	url[0] = '\0';
	text_add(&t, "pkg:");
	text_add(&t, form->ecosystem);
	text_add(&t, str_equal(form->ecosystem, "deb") ? "/debian/" : "/alpine/");
	add_escaped(&t, p->name);
	text_add(&t, "@");
	add_escaped(&t, p->version);
	if (p->arch[0]) {
		text_add(&t, "?arch=");
		add_escaped(&t, p->arch);
	}
}

/* A regular file below @stage, through no link at its end. NULL: not there. */
static char *read_database(const char *stage, const char *path, size_t *size)
{
	CLEAN_FD int stage_fd = open(stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *bytes = malloc(DATABASE_MAX);
	ssize_t n = stage_fd < 0 || !bytes ? -1 : fd_read_file(stage_fd, path, bytes, DATABASE_MAX);

	if (n >= 0) {
		*size = (size_t)n;
		return bytes;
	}
	free(bytes);
	return NULL;
}

static int add_databases(struct sbom *s, const struct document *d, const char *stage,
			 struct text *t, struct err *err)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(databases); i++) {
		struct package_text text = {0};
		char *bytes = read_database(stage, databases[i].path, &text.size);
		struct package p;
		char url[512];

		if (!bytes)
			continue;
		found = true;
		text.bytes = bytes;
		while (package_next(databases[i].form, &text, &p)) {
			make_url(databases[i].form, &p, url, sizeof(url));
			d->add(t, &p, url, s->packages++);
		}
		free(bytes);
	}
	return found ? 0
		     : REFUSE(err, ENOENT, HINT_SBOM, "root file system has no package database");
}

static void print_date(uint64_t seconds, char *to, size_t size)
{
	time_t time = (time_t)seconds;
	struct tm parts;

	to[0] = '\0';
	if (gmtime_r(&time, &parts))
		(void)strftime(to, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

int sbom_write(struct sbom *s, const struct manifest *m, const char *stage, struct err *err)
{
	const struct document *d = find_document(s->form);
	struct text t = {.at = malloc(DOCUMENT_MAX), .size = DOCUMENT_MAX};
	uint8_t digest[SHA256_SIZE];
	char date[32];
	int r;

	if (!d)
		r = err_set(err, EINVAL, "--sbom %s: must be spdx or cyclonedx", s->form);
	else
		r = t.at ? 0 : err_sys(err, ENOMEM, "list of packages");
	if (r) {
		free(t.at);
		return r;
	}
	print_date(s->date_s, date, sizeof(date));
	d->begin(&t, s, m, date);
	r = add_databases(s, d, stage, &t, err);
	d->end(&t, s->packages);
	if (!r && t.cut)
		r = err_set(err, EFBIG, "list of packages has more than 16 MiB");
	r = r ? r : stage_file(stage, SBOM_PATH, t.at, t.used, err);
	if (!r) {
		sha256_of(t.at, t.used, digest);
		(void)str_copy(s->digest, sizeof(s->digest), "sha256:");
		str_hex(s->digest + strlen("sha256:"), digest, sizeof(digest));
	}
	free(t.at);
	return r;
}
