/* The little of HTTP/2 (RFC 9113) and HPACK (RFC 7541) that the sink and the probe share. Header blocks are never decoded:
   both ends know what is said to them. */
#ifndef HTTP2_FRAMES_H
#define HTTP2_FRAMES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, WINDOW_UPDATE = 8 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };
enum { FRAME_HEAD = 9, OUT_SIZE = 1 << 20, IN_SIZE = 1 << 18 };

struct buffer {
    uint8_t *bytes;
    size_t begin, end;
};

static inline void die(const char *what) {
    perror(what);
    exit(1);
}

static inline uint32_t u32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint8_t *put_u32(uint8_t *at, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) *at++ = (uint8_t)(value >> shift);
    return at;
}

/* A frame's head and payload, at `at`; what comes behind it. */
static inline uint8_t *put_frame(uint8_t *at, int type, int flags, uint32_t stream, const void *payload, uint32_t size) {
    put_u32(at, size << 8 | (uint32_t)type);
    at[4] = (uint8_t)flags;
    at = put_u32(at + 5, stream);
    memcpy(at, payload, size);
    return at + size;
}

static inline uint8_t *put_window_update(uint8_t *at, uint32_t increment) {
    uint8_t payload[4];
    put_u32(payload, increment);
    return put_frame(at, WINDOW_UPDATE, 0, 0, payload, 4);
}

/* A literal field without indexing; `index` of the static table names it, or 0 and a name. */
static inline uint8_t *put_field(uint8_t *at, int index, const char *name, const char *value) {
    if (index < 15) {
        *at++ = (uint8_t)index;
    } else {
        *at++ = 15;
        *at++ = (uint8_t)(index - 15);
    }
    if (index == 0) {
        *at++ = (uint8_t)strlen(name);
        at = (uint8_t *)stpcpy((char *)at, name);
    }
    *at++ = (uint8_t)strlen(value);
    return (uint8_t *)stpcpy((char *)at, value);
}

#endif
