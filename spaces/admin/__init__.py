from spaces.admin import emergency as emergency
from spaces.admin import exchange as exchange
