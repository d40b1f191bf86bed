/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of strings, as argv and environ are: NULL-terminated, every element and the vector
 * owned. NULL is an empty vector.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/macro.h"

void strv_free(char **v);
DEFINE_CLEANUP(char **, strv_free)
size_t strv_len(char *const *v);
bool strv_contains(char *const *v, const char *s);
/* Append a copy. */
void strv_add(char ***v, const char *s);
/* Append `s` itself. TAKES s. */
void strv_take(char ***v, char *s);
char **strv_copy(char *const *v);
/* Drop every element equal to s; returns how many. */
size_t strv_remove(char **v, const char *s);
/* Split at any character of `seps`; empty fields are dropped. */
char **strv_split(const char *s, const char *seps);
char *strv_join(char *const *v, const char *sep);
/* Environment vectors of "NAME=value": the value or NULL; replace or append. */
const char *strv_env_get(char *const *env, const char *name);
void strv_env_set(char ***env, const char *name, const char *value);
/* Of several entries of one name the last stays, in its place. */
void strv_env_dedup(char **env);
