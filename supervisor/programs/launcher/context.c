#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/log_tag.h"
#include "policy/words.h"
#include "programs/launcher/launcher.h"

/* What each line of a service carries to the collector besides its name. The service file is the
 * source of all of it, so it is as true as the file's signature and nothing that runs can change
 * it. */

static void add_tag(struct text *t, const struct service *s)
{
	char image[2 * NAME_SIZE];
	char life[12];
	char root_hash[13]; /* as much of it as tells images apart */
	char tag[POLICY_TAG_MAX + 1];
	const char *const values[TAG_FIELDS] = {s->name, image, life, root_hash, "bartizan"};

	if (str_equal(s->policy.log_tag, POLICY_TAG_NAME))
		return;
	str_join(image, sizeof(image), s->name, ":", s->policy.version);
	(void)snprintf(life, sizeof(life), "%u", s->generation);
	str_hex(root_hash, s->note.root_hash, (sizeof(root_hash) - 1) / 2);
	policy_tag_expand(s->policy.log_tag, values, tag);
	text_add_json_member(t, "tag", tag);
}

/* "NAME=VALUE" as member "l.NAME". */
static void add_pair(struct text *t, const char *prefix, const char *pair)
{
	size_t size = strcspn(pair, "=");
	char name[40];

	(void)snprintf(name, sizeof(name), "%s%.*s", prefix, (int)size, pair);
	text_add_json_member(t, name, pair + size + 1);
}

bool context_send(const struct service *s)
{
	const struct policy *p = &s->policy;
	struct message_context m = {.head = {.type = M_CONTEXT, .subject = s->slot}};
	struct text t = TEXT_IN(m.text);
	const char *word;

	if (!p->labels.count && !p->log_env.count && str_equal(p->log_tag, POLICY_TAG_NAME))
		return false;
	text_add(&t, "{");
	add_tag(&t, s);
	for (unsigned int i = 0; (word = policy_words_at(&p->labels, p->label_text, i)); i++)
		add_pair(&t, "l.", word);
	for (unsigned int i = 0; (word = policy_words_at(&p->log_env, p->log_env_text, i)); i++)
		add_pair(&t, "e.", policy_log_variable(p, word));
	text_add(&t, "}");
	link_send(&launcher.recorder, &m, NULL, 0);
	return true;
}
