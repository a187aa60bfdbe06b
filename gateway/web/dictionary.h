#pragma once

// ctemplate's header uses strlen without including <cstring>.
#include <cstring>

#include "ctemplate/template_dictionary.h"
