#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The files that docs/uses and docs/kubernetes show are sound, as far as their own readers can say.

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

@test "files: Terraform" {
	local f
	command -v terraform >/dev/null || skip "no terraform here"
	for f in "$TOP"/docs/uses/files/*.tf; do
		terraform fmt -check -diff "$f"
	done
}

@test "files: TOML" {
	/usr/bin/python3 -c '
import sys, tomllib
for name in sys.argv[1:]:
    tomllib.load(open(name, "rb"))' "$TOP"/docs/uses/files/*.toml "$TOP"/docs/kubernetes/*.toml "$TOP/docs/kubernetes/crio.conf"
}

@test "files: YAML" {
	/usr/bin/python3 -c '
import sys, yaml
for name in sys.argv[1:]:
    assert all(d["apiVersion"] and d["kind"] and d["metadata"]["name"] for d in yaml.safe_load_all(open(name))), name' \
		"$TOP"/docs/kubernetes/*.yaml
}
