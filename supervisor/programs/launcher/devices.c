#include <errno.h>
#include <sys/stat.h>

#include "policy/devices.h"
#include "policy/words.h"
#include "programs/launcher/launcher.h"

/* Names of the service file become device numbers: those that this kernel gave to the drivers. */
static int find(const char *word, struct plan_device *to, struct err *err)
{
	struct policy_device device;
	char path[POLICY_DEVICE_NAME + 8];
	struct stat st;
	int r = policy_device_parse(word, &device, err);

	if (r)
		return r;
	str_join(path, sizeof(path), "/dev/", device.name, "");
	if (lstat(path, &st))
		return err_sys(err, errno, "devices = %s", word);
	if (!S_ISCHR(st.st_mode)) {
		(void)err_set(err, EACCES, "devices = %s: not a character device", word);
		return err_hint(err, "block devices hold everybody's files");
	}
	*to = (struct plan_device){.number = st.st_rdev, .write = device.write};
	str_join(to->name, sizeof(to->name), device.name, "", "");
	return 0;
}

int devices_find(const struct policy *policy, struct plan *plan, struct err *err)
{
	const struct policy_device_list *list = &policy->devices;
	const char *word;

	for (unsigned int i = 0; (word = policy_words_at(&list->words, list->text, i)); i++) {
		int r = i < PLAN_DEVICES_MAX ? find(word, &plan->devices[i], err)
					     : err_set(err, E2BIG, "too many devices");

		if (r)
			return r;
		plan->device_count++;
	}
	return 0;
}
