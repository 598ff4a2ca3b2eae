from django.urls import path

from directory.views.application import application, invite, vouch
from directory.views.colleague_search import (
    colleague_search_change,
    colleague_search_forget,
    colleague_search_list,
    colleague_search_new,
)
from directory.views.going import (
    come_back,
    everything,
    everything_file,
    leave_community,
    what_we_keep,
)
from directory.views.join import join
from directory.views.licence import certificate, insurance, licence_renew, licences
from directory.views.mail_log import mail_log
from directory.views.message import (
    conversation,
    conversation_list,
    therapist_report,
)
from directory.views.profile import confirm, public_profile, therapist_photo
from directory.views.seeing import seeing_stop
from directory.views.settings import (
    mail_works,
    profile_edit,
    settings,
)
from directory.views.supervision import (
    supervision,
    supervision_accept,
    supervision_end,
)
from directory.views.therapist import (
    therapist_block,
    therapist_detail,
    therapist_list,
    therapist_unblock,
    therapist_vcard,
)
from directory.views.unsubscribe import unsubscribe

app_name = "directory"
urlpatterns = [
    path("", therapist_list, name="therapist_list"),
    path("join/", join, name="join"),
    path("application/", application, name="application"),
    path("invite/", invite, name="invite"),
    path("vouch/<str:token>/", vouch, name="vouch"),
    path("profile/", profile_edit, name="profile_edit"),
    path("settings/", settings, name="settings"),
    path("settings/mail/", mail_log, name="mail_log"),
    path("settings/mail-works/", mail_works, name="mail_works"),
    path("supervision/", supervision, name="supervision"),
    path("supervision/<int:pk>/accept/", supervision_accept, name="supervision_accept"),
    path("supervision/<int:pk>/end/", supervision_end, name="supervision_end"),
    path("licences/", licences, name="licences"),
    path("licences/<int:pk>/renew/", licence_renew, name="licence_renew"),
    path("licences/insurance/", insurance, name="insurance"),
    path("<int:pk>/certificate/", certificate, name="certificate"),
    path("everything/", everything, name="everything"),
    path("everything/download/", everything_file, name="everything_file"),
    path("seeing/stop/", seeing_stop, name="seeing_stop"),
    path("leave/", leave_community, name="leave"),
    path("leave/take-back/", come_back, name="come_back"),
    path("kept/", what_we_keep, name="what_we_keep"),
    path("<int:pk>/", therapist_detail, name="therapist_detail"),
    path("<int:pk>/vcard/", therapist_vcard, name="therapist_vcard"),
    path("<int:pk>/block/", therapist_block, name="therapist_block"),
    path("<int:pk>/unblock/", therapist_unblock, name="therapist_unblock"),
    path("<int:pk>/photo/<slug:size>/", therapist_photo, name="therapist_photo"),
    path("people/<int:pk>/<slug:slug>/", public_profile, name="public_profile"),
    path("still-true/<str:token>/", confirm, name="confirm"),
    path("<int:pk>/messages/", conversation, name="conversation"),
    path("<int:pk>/report/", therapist_report, name="therapist_report"),
    path("messages/", conversation_list, name="conversation_list"),
    path("searches/", colleague_search_list, name="colleague_search_list"),
    path("searches/new/", colleague_search_new, name="colleague_search_new"),
    path(
        "searches/<int:pk>/change/",
        colleague_search_change,
        name="colleague_search_change",
    ),
    path(
        "searches/<int:pk>/forget/",
        colleague_search_forget,
        name="colleague_search_forget",
    ),
    path("mail-off/<str:token>/", unsubscribe, name="unsubscribe"),
]
