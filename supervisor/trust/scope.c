#include "trust/scope.h"

#include <inttypes.h>
#include <string.h>

#include "trust/refuse.h"

static bool is_revoked(const struct trust_policy *p, enum trust_revoked_kind kind,
		       const uint8_t *digest)
{
	for (uint32_t i = 0; i < p->revoked_count; i++)
		if (p->revoked[i].kind == (uint8_t)kind &&
		    memcmp(p->revoked[i].digest, digest, TRUST_DIGEST_SIZE) == 0)
			return true;
	return false;
}

static bool signer_revoked(const struct trust_policy *p, const struct verdict_signer *s)
{
	return is_revoked(p, REVOKED_SPKI, s->spki) ||
	       is_revoked(p, REVOKED_CERTIFICATE, s->certificate);
}

static bool covers(const struct trust_signer *signer, const char *name)
{
	for (uint32_t i = 0; i < signer->scope_count; i++)
		if (str_glob(signer->scopes[i], name))
			return true;
	return false;
}

/* Several rows may name one CA file; `verify` reports the first, so rows with the same file are the
 * same anchor. */
static bool belongs(const struct trust_policy *p, uint32_t row, const struct verdict_signer *s)
{
	const struct trust_signer *signer = &p->signers[row];

	if (s->anchor >= p->signer_count)
		return false;
	if (signer->has_spki && memcmp(signer->spki, s->spki, sizeof(s->spki)) != 0)
		return false;
	return s->anchor == row ||
	       (signer->anchor[0] && str_equal(signer->anchor, p->signers[s->anchor].anchor));
}

static bool counted_before(const struct trust_policy *p, const struct verdict *v, uint32_t row,
			   uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (belongs(p, row, &v->signers[i]) && !signer_revoked(p, &v->signers[i]) &&
		    memcmp(v->signers[i].spki, v->signers[index].spki, TRUST_DIGEST_SIZE) == 0)
			return true;
	return false;
}

/* Distinct keys of @row that count. `verify` has removed repeats already; a compromised one would
 * not. */
static uint32_t count_keys(const struct trust_policy *p, const struct verdict *v, uint32_t row,
			   uint32_t *revoked)
{
	uint32_t count = 0;

	*revoked = 0;
	for (uint32_t i = 0; i < v->signer_count && i < VERDICT_SIGNERS_MAX; i++) {
		if (!belongs(p, row, &v->signers[i]))
			continue;
		if (signer_revoked(p, &v->signers[i]))
			(*revoked)++;
		else if (!counted_before(p, v, row, i))
			count++;
	}
	return count;
}

/* Nobody entitled signed: name the one who did. */
static int refuse_signer(const struct trust_policy *p, const struct verdict *v, const char *name,
			 struct err *err)
{
	const struct trust_signer *who;

	if (v->signer_count == 0 || v->signers[0].anchor >= p->signer_count)
		return REFUSE(err, EACCES, "sign it with a key of a [signer] in trust.conf",
			      "no known signer signed %s", name);
	who = &p->signers[v->signers[0].anchor];
	if (covers(who, name))
		return REFUSE(err, EACCES, "the spki of the [signer] in trust.conf decides",
			      "signer %s did not sign %s with the key that trust.conf names",
			      who->name, name);
	return REFUSE(err, EACCES,
		      "names outside a signer's allow need another signer, or a wider allow in "
		      "trust.conf",
		      "signer %s is not allowed for name %s (allow = %s%s)", who->name, name,
		      who->scopes[0], who->scope_count > 1 ? ", ..." : "");
}

static int find_row(const struct trust_policy *p, const char *name, uint32_t *row)
{
	for (uint32_t i = 0; i < p->signer_count; i++) {
		if (!covers(&p->signers[i], name))
			continue;
		*row = i;
		return 0;
	}
	return -ENOENT;
}

int trust_scope_check(const struct trust_policy *policy, const struct verdict *verdict,
		      const char *name, uint32_t *row, struct err *err)
{
	uint32_t revoked;
	uint32_t needed;
	uint32_t count;
	uint32_t found;

	if (is_revoked(policy, REVOKED_ROOT_HASH, verdict->root_hash))
		return REFUSE(err, EKEYREJECTED, "install a newer version",
			      "image is revoked by its root hash");
	if (find_row(policy, name, &found))
		return refuse_signer(policy, verdict, name, err);
	count = count_keys(policy, verdict, found, &revoked);
	if (count == 0 && revoked)
		return REFUSE(err, EKEYREJECTED, "sign it with a key that is not revoked",
			      "signer %s signed with a revoked key or certificate",
			      policy->signers[found].name);
	if (count == 0)
		return refuse_signer(policy, verdict, name, err);
	needed = policy->signers[found].threshold;
	if (needed < policy->threshold)
		needed = policy->threshold;
	if (count < needed)
		return REFUSE(err, EACCES, "add a signature with `bartizan image sign`",
			      "signed with %" PRIu32 " distinct keys of signer %s, %" PRIu32
			      " are needed",
			      count, policy->signers[found].name, needed);
	*row = found;
	return 0;
}

int trust_epoch_check(const struct trust_policy *policy, uint32_t row, uint32_t floor,
		      uint32_t epoch, struct err *err)
{
	uint32_t least = policy->signers[row].min_epoch;

	if (least < floor)
		least = floor;
	if (epoch < least)
		return REFUSE(
			err, ESTALE,
			"this image is older than what the device has run: install a newer one",
			"epoch %" PRIu32 " is below the floor %" PRIu32, epoch, least);
	return 0;
}
