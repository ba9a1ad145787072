#pragma once

// Where the assembler put the files that docs_ui_embedded.cpp.in names. For net/docs_ui.cpp only.

#define TROUPE_DECLARE_EMBEDDED(symbol)                                                                      \
  extern "C" const char troupe_embedded_##symbol[];                                                          \
  extern "C" const char troupe_embedded_##symbol##_end[]

TROUPE_DECLARE_EMBEDDED(page);
TROUPE_DECLARE_EMBEDDED(start);
TROUPE_DECLARE_EMBEDDED(openapi);
TROUPE_DECLARE_EMBEDDED(css);
TROUPE_DECLARE_EMBEDDED(bundle);
TROUPE_DECLARE_EMBEDDED(icon);
TROUPE_DECLARE_EMBEDDED(license);
TROUPE_DECLARE_EMBEDDED(notice);
