#ifndef CEVENTLOOP_H
#define CEVENTLOOP_H

#endif
