from spaces.admin import emergency as emergency
from spaces.admin import exchange as exchange
from spaces.admin import readiness as readiness
