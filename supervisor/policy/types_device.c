#include <errno.h>
#include <string.h>

#include "policy/devices.h"
#include "policy/key.h"
#include "policy/resolve.h"
#include "policy/words.h"

/* devices, in the service file and, as what may be asked for, in the device policy. The field is
 * struct policy_device_list. */
static struct policy_device_list *list_of(const struct policy_key *key, void *base)
{
	return (void *)((char *)base + key->offset);
}

static const struct policy_device_list *list_in(const struct policy_key *key, const void *base)
{
	return (const void *)((const char *)base + key->offset);
}

int policy_parse_device(const struct policy_key *key, const char *value, void *base,
			struct err *err)
{
	struct policy_device_list *list = list_of(key, base);
	struct policy_device device;
	struct policy_device other;
	const char *word;
	int r;

	if (str_equal(value, "none"))
		return 0;
	r = policy_device_parse(value, &device, err);
	for (unsigned int i = 0; !r && (word = policy_words_at(&list->words, list->text, i)); i++)
		if (!policy_device_parse(word, &other, err) && str_equal(other.name, device.name))
			return err_set(err, EEXIST, "is named twice");
	if (!r && list->words.count == POLICY_DEVICES_MAX)
		return err_set(err, E2BIG, "more than %d devices", POLICY_DEVICES_MAX);
	return r ? r : policy_words_add(&list->words, list->text, sizeof(list->text), value, err);
}

static bool print_device(const struct policy_key *key, const void *base, unsigned int index,
			 struct text *out)
{
	const struct policy_device_list *list = list_in(key, base);
	const char *word = policy_words_at(&list->words, list->text, index);

	if (!word)
		return false;
	text_add(out, word);
	return true;
}

static int valid_device(const struct policy_key *key, const void *base, struct err *err)
{
	const struct policy_device_list *list = list_in(key, base);
	int r = policy_words_valid(&list->words, list->text, sizeof(list->text), err);
	struct policy_device device;
	const char *word;

	if (!r && list->words.count > POLICY_DEVICES_MAX)
		r = err_set(err, EBADMSG, "%s counts more than there are", key->name);
	for (unsigned int i = 0; !r && (word = policy_words_at(&list->words, list->text, i)); i++)
		r = policy_device_parse(word, &device, err) ? -EBADMSG : 0;
	return r;
}

const struct policy_type policy_type_device = {
	.syntax = "/dev/NAME or /dev/NAME:r",
	.print = print_device,
	.valid = valid_device,
};

/* Is @device in @list, with at least this access? */
static bool is_granted(const struct policy_device_list *list, const struct policy_device *device)
{
	struct policy_device granted;
	const char *word;

	for (unsigned int i = 0; (word = policy_words_at(&list->words, list->text, i)); i++)
		if (!policy_device_parse(word, &granted, NULL) &&
		    str_equal(granted.name, device->name) && (granted.write || !device->write))
			return true;
	return false;
}

int policy_check_devices(const struct policy *policy, const struct device_policy *device,
			 const struct device_service *service, struct err *err)
{
	const struct policy_device_list *list = &policy->devices;
	struct policy_device wanted;
	const char *word;

	(void)device;
	for (unsigned int i = 0; (word = policy_words_at(&list->words, list->text, i)); i++) {
		if (!policy_device_parse(word, &wanted, err) &&
		    is_granted(&service->devices, &wanted))
			continue;
		(void)err_set(err, EACCES, "%s: not granted by the device", word);
		return err_hint(err, "devices = %s in [service NAME] of supervisor.conf grants it",
				word);
	}
	return 0;
}
