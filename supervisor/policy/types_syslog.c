/* Types of [syslog]: where collectors are and how they are known. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "policy/check.h"
#include "policy/key.h"

static bool is_numeric_address(const char *text)
{
	unsigned char binary[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

/* "10.0.0.1:6514" or "[fd00::1]:6514" split in place into host and port. -EINVAL when it is
 * neither. */
static int split_address(char *text, const char **host, const char **port)
{
	char *colon = strrchr(text, ':');

	if (!colon || colon == text)
		return -EINVAL;
	*colon = '\0';
	*host = text;
	*port = colon + 1;
	if (text[0] != '[')
		return strchr(text, ':') ? -EINVAL : 0;
	if (colon[-1] != ']')
		return -EINVAL;
	colon[-1] = '\0';
	*host = text + 1;
	return 0;
}

int policy_parse_address(const struct policy_key *key, const char *value, void *base,
			 struct err *err)
{
	struct device_syslog *syslog = &((struct device_policy *)base)->syslog;
	struct device_collector *collector = &syslog->at[syslog->count];
	char text[DEVICE_ADDRESS_SIZE + 16];
	const char *host;
	const char *port;
	uint64_t number;

	if (!str_starts(value, "tls://"))
		return err_set(err, EINVAL,
			       "only tls:// is built in: audit records never travel in the clear");
	if (str_copy(text, sizeof(text), value + 6) || split_address(text, &host, &port))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	if (!is_numeric_address(host) || strlen(host) >= sizeof(collector->address))
		return err_set(err, EINVAL,
			       "the address must be numeric: names would trust the DNS");
	if (str_u64(port, 1, 65535, &number))
		return err_set(err, ERANGE, "the port must be 1 to 65535");
	if (syslog->count == DEVICE_COLLECTORS_MAX)
		return err_set(err, E2BIG, "more than %d collectors", DEVICE_COLLECTORS_MAX);
	memset(collector, 0, sizeof(*collector));
	memcpy(collector->address, host, strlen(host));
	collector->port = (uint16_t)number;
	syslog->configured = true;
	syslog->count++;
	return 0;
}

static bool print_address(const struct policy_key *key, const void *base, unsigned int index,
			  struct text *out)
{
	const struct device_syslog *syslog = &((const struct device_policy *)base)->syslog;
	const struct device_collector *collector = &syslog->at[index];
	bool six;

	(void)key;
	if (index >= syslog->count)
		return false;
	six = strchr(collector->address, ':') != NULL;
	text_add(out, six ? "tls://[" : "tls://");
	text_add(out, collector->address);
	text_add(out, six ? "]:" : ":");
	text_add_u64(out, collector->port);
	return true;
}

static int valid_address(const struct policy_key *key, const void *base, struct err *err)
{
	const struct device_syslog *syslog = &((const struct device_policy *)base)->syslog;
	uint8_t configured;

	memcpy(&configured, &syslog->configured, 1);
	if (configured > 1 || configured != (syslog->count > 0) ||
	    syslog->count > DEVICE_COLLECTORS_MAX)
		return err_set(err, EBADMSG, "%s is malformed", key->name);
	for (uint32_t i = 0; i < syslog->count; i++) {
		const struct device_collector *collector = &syslog->at[i];

		if (!str_terminated(collector->address, sizeof(collector->address)) ||
		    !is_numeric_address(collector->address) || !collector->port)
			return err_set(err, EBADMSG, "%s is not a numeric address with a port",
				       key->name);
	}
	return 0;
}

const struct policy_type policy_type_address = {
	.syntax = "tls://IP:PORT",
	.print = print_address,
	.valid = valid_address,
};

int policy_parse_pin(const struct policy_key *key, const char *value, void *base, struct err *err)
{
	struct device_pins *pins = &((struct device_policy *)base)->syslog.pins;
	uint8_t pin[sizeof(pins->at[0])];

	if (!str_starts(value, "sha256:") || str_unhex(value + 7, pin, sizeof(pin)))
		return err_set(err, EINVAL, "not of the form \"%s\"", key->type->syntax);
	if (pins->count == DEVICE_PINS_MAX)
		return err_set(err, E2BIG, "more than %d pins", DEVICE_PINS_MAX);
	memcpy(pins->at[pins->count++], pin, sizeof(pin));
	return 0;
}

static bool print_pin(const struct policy_key *key, const void *base, unsigned int index,
		      struct text *out)
{
	const struct device_pins *pins = &((const struct device_policy *)base)->syslog.pins;
	char hex[2 * sizeof(pins->at[0]) + 1];

	(void)key;
	if (index >= pins->count)
		return false;
	str_hex(hex, pins->at[index], sizeof(pins->at[0]));
	text_add(out, "sha256:");
	text_add(out, hex);
	return true;
}

/* Also what must hold between the keys of [syslog]: nobody is trusted by default. */
static int valid_pin(const struct policy_key *key, const void *base, struct err *err)
{
	const struct device_syslog *syslog = &((const struct device_policy *)base)->syslog;

	if (syslog->pins.count > DEVICE_PINS_MAX)
		return err_set(err, EBADMSG, "%s is malformed", key->name);
	return policy_check_collectors(syslog, err) ? -EBADMSG : 0;
}

const struct policy_type policy_type_pin = {
	.syntax = "sha256:<64 hex digits>",
	.print = print_pin,
	.valid = valid_pin,
};

int policy_check_collectors(const struct device_syslog *syslog, struct err *err)
{
	if (!syslog->configured || (*syslog->ca && *syslog->name) ||
	    (syslog->pins.count && !*syslog->ca && !*syslog->name))
		return 0;
	(void)err_set(err, EINVAL, "[syslog] does not say how the collector is known");
	return err_hint(err, "name ca and name, or pin, or all three");
}
