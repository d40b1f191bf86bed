# SPDX-License-Identifier: Apache-2.0
# The recipes, with which an installed sysbox-sandbox makes the images that it needs.
EXTRA_DIST += images

install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(pkgdatadir)'
	(cd $(srcdir) && tar -cf - images) | (cd '$(DESTDIR)$(pkgdatadir)' && tar -xf - --no-same-owner)

uninstall-local:
	rm -rf '$(DESTDIR)$(pkgdatadir)/images'
