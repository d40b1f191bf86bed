# SPDX-License-Identifier: Apache-2.0
dist_bin_SCRIPTS += %D%/sysbox-sandbox

sandboxdir = $(pkgdatadir)/sandbox/sysbox_sandbox
dist_sandbox_DATA =
dist_sandbox_DATA += %D%/sysbox_sandbox/__init__.py
dist_sandbox_DATA += %D%/sysbox_sandbox/box.py
dist_sandbox_DATA += %D%/sysbox_sandbox/command.py
dist_sandbox_DATA += %D%/sysbox_sandbox/engine.py
dist_sandbox_DATA += %D%/sysbox_sandbox/image.py
dist_sandbox_DATA += %D%/sysbox_sandbox/settings.py
dist_sandbox_DATA += %D%/sysbox_sandbox/talk.py
