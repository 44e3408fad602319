/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XML that S3 answers with, a byte at a time: elements, attributes (passed over), the five
 * named entities and character references, comments and processing instructions (passed over),
 * UTF-8.
 * DOCTYPE and CDATA are refused, so there is nothing to expand. No recursion: of open elements only
 * a hash of each name is kept.
 */
#ifndef WMBT_SRC_WIRE_S3_XML_H
#define WMBT_SRC_WIRE_S3_XML_H

#include "wombatkv/s3.h"

#if WMBT_CFG_S3

/* What a byte may complete; one tag can be both start and end. */
#    define WMBT_XML_START 1u /* an element begins: name, depth (1: the root) */
#    define WMBT_XML_END 2u   /* an element ends: depth as at its start */
#    define WMBT_XML_TEXT 4u  /* text_len bytes of text inside the element at `depth` */

/** Starts a document. */
void wmbt_xml_init(wmbt_xml *xml);

/**
 * Takes a byte; sets *events to what it completed. Errors are for good.
 * bad-syntax: the grammar, tags that do not match, text beside the root, DOCTYPE, CDATA
 * bad-text: a control byte, a reference to no character or to an entity that nothing declares
 * too-deep: more than WMBT_XML_MAX_DEPTH elements
 */
WMBT_MUST_CHECK wmbt_status wmbt_xml_byte(wmbt_xml *xml, uint8_t c, uint32_t *events);

/** True if the root element has ended, and nothing but what may follow it. */
bool wmbt_xml_is_complete(const wmbt_xml *xml);

/** True if the element that has just begun has this name. */
bool wmbt_xml_name_is(const wmbt_xml *xml, wmbt_view name);

#endif

#endif
