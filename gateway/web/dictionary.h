#pragma once

// ctemplate's header uses strlen without saying so.
#include <cstring>

#include "ctemplate/template_dictionary.h"
