# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += %D%/man/sysbox-runc.8
dist_man_MANS += %D%/man/sysbox-fs.8
dist_man_MANS += %D%/man/sysbox-sandbox.1
