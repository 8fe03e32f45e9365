// Bytes that grow at their end, for the C programs.  All zero: empty.
#pragma once
#include <stdlib.h>
#include <string.h>

struct text {
  char* at;
  size_t size;
  size_t room;
};

static void add(struct text* text, const char* more, size_t size) {
  if (text->size + size > text->room) {
    text->room = (text->size + size) * 2;
    text->at = realloc(text->at, text->room);
    if (text->at == NULL) exit(1);
  }
  memcpy(text->at + text->size, more, size);
  text->size += size;
}
