#include "src/cmd.h"
const struct verb verb_ps = {.name = "ps"}, verb_pause = {.name = "pause"},
		  verb_resume = {.name = "resume"}, verb_update = {.name = "update"},
		  verb_events = {.name = "events"};
