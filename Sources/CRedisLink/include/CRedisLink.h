#ifndef CREDISLINK_H
#define CREDISLINK_H

#include "event_loop.h"
#include "name_lookup.h"
#include "redis_link.h"
#include "redis_tls.h"
#include "reply_arena.h"

#endif
