"""The moderation desk for people."""

from directory.admin import absence as absence
from directory.admin import audit as audit
from directory.admin import community as community
from directory.admin import delivery as delivery
from directory.admin import licence as licence
from directory.admin import report as report
from directory.admin import therapist as therapist
from directory.admin import user as user
