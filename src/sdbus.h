/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd-bus of libsystemd, loaded when it is first needed: linked, it and the six libraries
 * behind it cost every command half a millisecond, for a driver that most never use.
 *
 * Include this in place of <systemd/sd-bus.h>: the names mean what was loaded.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "lib/error.h"
#include "lib/macro.h"

#define SDBUS_FUNCTIONS(X)                                                                     \
	X(sd_bus_call)                                                                         \
	X(sd_bus_call_method)                                                                  \
	X(sd_bus_error_free)                                                                   \
	X(sd_bus_error_has_name)                                                               \
	X(sd_bus_flush_close_unref)                                                            \
	X(sd_bus_get_property_string)                                                          \
	X(sd_bus_is_bus_client)                                                                \
	X(sd_bus_match_signal)                                                                 \
	X(sd_bus_message_append)                                                               \
	X(sd_bus_message_append_array)                                                         \
	X(sd_bus_message_append_basic)                                                         \
	X(sd_bus_message_close_container)                                                      \
	X(sd_bus_message_new_method_call)                                                      \
	X(sd_bus_message_open_container)                                                       \
	X(sd_bus_message_read)                                                                 \
	X(sd_bus_message_unref)                                                                \
	X(sd_bus_new)                                                                          \
	X(sd_bus_open_system)                                                                  \
	X(sd_bus_process)                                                                      \
	X(sd_bus_set_address)                                                                  \
	X(sd_bus_slot_unref)                                                                   \
	X(sd_bus_start)                                                                        \
	X(sd_bus_wait)

/* Filled once, as the dynamic linker would have done. */
struct sdbus {
#define SDBUS_MEMBER(f) typeof(f) *f;
	SDBUS_FUNCTIONS(SDBUS_MEMBER)
#undef SDBUS_MEMBER
};
extern struct sdbus sdbus;

/* Before any of the functions; -ENOPKG where libsystemd is not installed. Idempotent. */
int sdbus_load(struct error *err);

/* The library's own cleanup helpers call what is not linked. */
static inline void sdbus_unrefp(sd_bus **p)
{
	if (*p)
		sdbus.sd_bus_flush_close_unref(*p);
}

static inline void sdbus_message_unrefp(sd_bus_message **p)
{
	if (*p)
		sdbus.sd_bus_message_unref(*p);
}

static inline void sdbus_slot_unrefp(sd_bus_slot **p)
{
	if (*p)
		sdbus.sd_bus_slot_unref(*p);
}

#ifndef SDBUS_OWN_NAMES
#define sd_bus_call		       sdbus.sd_bus_call
#define sd_bus_call_method	       sdbus.sd_bus_call_method
#define sd_bus_error_free	       sdbus.sd_bus_error_free
#define sd_bus_error_has_name	       sdbus.sd_bus_error_has_name
#define sd_bus_flush_close_unref       sdbus.sd_bus_flush_close_unref
#define sd_bus_get_property_string     sdbus.sd_bus_get_property_string
#define sd_bus_is_bus_client	       sdbus.sd_bus_is_bus_client
#define sd_bus_match_signal	       sdbus.sd_bus_match_signal
#define sd_bus_message_append	       sdbus.sd_bus_message_append
#define sd_bus_message_append_array    sdbus.sd_bus_message_append_array
#define sd_bus_message_append_basic    sdbus.sd_bus_message_append_basic
#define sd_bus_message_close_container sdbus.sd_bus_message_close_container
#define sd_bus_message_new_method_call sdbus.sd_bus_message_new_method_call
#define sd_bus_message_open_container  sdbus.sd_bus_message_open_container
#define sd_bus_message_read	       sdbus.sd_bus_message_read
#define sd_bus_message_unref	       sdbus.sd_bus_message_unref
#define sd_bus_new		       sdbus.sd_bus_new
#define sd_bus_open_system	       sdbus.sd_bus_open_system
#define sd_bus_process		       sdbus.sd_bus_process
#define sd_bus_set_address	       sdbus.sd_bus_set_address
#define sd_bus_slot_unref	       sdbus.sd_bus_slot_unref
#define sd_bus_start		       sdbus.sd_bus_start
#define sd_bus_wait		       sdbus.sd_bus_wait
#endif
