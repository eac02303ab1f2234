#ifndef EXPORT_SYSLOG_H
#define EXPORT_SYSLOG_H

#include "base/text.h"
#include "spool/line.h"

/*
 * A record as a message of RFC 5424: a pure function, nothing is added that is not in the record
 * but the device's name. From PRI, the header, the structured data and MSG a reader can rebuild the
 * line and check its hash:
 *
 * <109>1 2026-11-23T22:00:00.123456Z gateway web 123 START [timeQuality tzKnown="1"
 * isSynced="0"][meta sequenceId="7" sysUpTime="81234"] [bartizan@32473 n="7" b="9f3c21aa00112233"
 * m="812345678" producer="launcher" sn="3" h="..."] BOM{"service":"web",...}
 *
 * MSG is the text of `d`. A message is at most EXPORT_SYSLOG_SIZE bytes, which every receiver has
 * to take (section 6.1); a longer record becomes several messages with part="1" ... and total= the
 * bytes of `d` altogether. 32473 is the enterprise number for documentation (RFC 5612).
 */
#define EXPORT_SYSLOG_SIZE 2048u

/* One message into @t (emptied first), of the record's part that begins at @offset of d; @part
 * counts from 1. Returns the offset where the next part begins, v->fields.size when this was the
 * last one. */
size_t export_syslog_format(struct text *t, const struct spool_view *v, const char *host,
			    size_t offset, unsigned int part);

/* RFC 5425 section 4.3.1: "LENGTH SP MESSAGE". t->cut when it does not fit; nothing is added then.
 * False in that case. */
bool export_syslog_frame(struct text *t, const struct text *message);

#endif
