#include "doctor/examine.hpp"

namespace ovenbird {

Machine this_system() {
    Machine machine;
    machine.user = current_user();
    return machine;
}

}  // namespace ovenbird
