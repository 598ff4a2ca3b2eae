from spaces.admin import exchange as exchange
