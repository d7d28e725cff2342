#include "bake/fold/fold.hpp"

#include <gtest/gtest.h>
