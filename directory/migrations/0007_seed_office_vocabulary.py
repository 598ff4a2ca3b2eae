"""What rooms have and the terms they are let on, under their headings.

The words come from listings of shared therapy offices; what would sort people by who they are is left out on purpose.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ATTRIBUTES = {
    "room": {
        "group-room": ("Group room", []),
        "family-seats": ("Seats for a couple or family", ["Family", "Couples"]),
        "large-room": (
            "Larger than usual (160 sq ft, 15 m² and up)",
            ["Big room", "Spacious"],
        ),
        "play": ("Set up for children", ["Play therapy", "Toys"]),
        "sand-tray": ("Sand tray", []),
        "art": ("Set up for art", []),
        "couch": ("Couch or table", ["Bodywork"]),
        "telehealth": ("Ready for video sessions", ["Telehealth"]),
        "natural-light": ("Natural light", ["Window"]),
        "desk": ("Desk", []),
        "lockable": ("Door that locks", []),
        "locked-cabinet": ("Locked cabinet", ["Storage"]),
        "file-room": ("Room for files", []),
    },
    "privacy": {
        "soundproofed": ("Quiet walls", ["Soundproofed", "Sound insulation"]),
        "walls-to-deck": ("Walls up to the ceiling slab", ["Walls to deck"]),
        "ceiling-insulation": ("Insulated ceiling", []),
        "solid-door": ("Solid door with a seal", ["Solid-core door"]),
        "white-noise": ("White-noise machine", []),
        "corridor-music": ("Music in the corridor", []),
        "separate-exit": ("Separate exit", []),
        "private-waiting": ("Private waiting area", []),
        "buzzer": ("Light or buzzer", ["Notify light"]),
        "no-logos": ("No sign on the door says therapy", ["No logos"]),
        "discreet-entrance": ("Discreet entrance", []),
    },
    "common": {
        "waiting-room": ("Waiting room", []),
        "own-waiting-room": ("Waiting room of its own", []),
        "reception": ("Somebody at the reception", ["Receptionist"]),
        "kitchenette": ("Kitchenette", ["Coffee"]),
        "wifi": ("Wi-Fi", []),
        "guest-wifi": ("Wi-Fi for visitors", []),
        "phone": ("Telephone", []),
        "printer": ("Printer and scanner", ["Copier"]),
        "computer": ("Computer to use", []),
        "mail-slot": ("Mail slot", []),
        "wc-in-suite": ("WC in the suite", ["Restroom"]),
        "gender-neutral-wc": ("Gender-neutral WC", []),
        "conference-room": ("Conference room", ["Meeting room"]),
        "break-area": ("Break area", []),
    },
    "access": {
        "step-free": ("Step-free", ["Wheelchair", "Step-free entrance", "Accessible"]),
        "lift": ("Lift", ["Elevator"]),
        "wide-doors": ("Doors 32 in (81 cm) wide or more", ["Door width"]),
        "accessible-wc": ("Accessible WC", ["Accessible restroom"]),
        "grab-rails": ("Grab rails", []),
        "hearing-loop": ("Hearing loop", []),
        "braille-signs": ("Signs in Braille", []),
        "scent-free": ("Scent-free", ["Fragrance-free"]),
        "soft-light": ("Light can be dimmed", ["Sensory", "Low light"]),
        "low-noise": ("Quiet house", ["Sensory", "Low noise"]),
        "transit": ("Near public transport", ["BART", "Bus"]),
        "parking": ("Parking for visitors", []),
        "accessible-parking": ("Accessible parking", ["Disabled parking"]),
        "street-parking": ("Parking in the street", []),
        "bike-parking": ("Bicycle parking", []),
        "cellphone": ("Cellphones work inside", ["Coverage", "Reception"]),
    },
    "building": {
        "evening-heating": ("Heated and cooled in the evening", ["HVAC evenings"]),
        "weekend-heating": ("Heated and cooled at weekends", ["HVAC weekends"]),
        "after-hours-entry": ("Visitors can get in after hours", []),
        "entry-24-7": ("You can get in day and night", ["24/7"]),
        "guard": ("Guard or doorkeeper", ["Security"]),
        "lit-entrance": ("Lit entrance and path", []),
        "two-exits": ("Two ways out", ["Fire exits"]),
        "zoning": ("Zoned for health offices", []),
        "other-professions": ("Other professions in the suite", []),
    },
}
TERMS = {
    "insurance": {
        "professional-liability": (
            "Professional liability insurance asked for",
            ["Malpractice insurance"],
        ),
        "general-liability": (
            "General liability insurance asked for",
            ["Public liability"],
        ),
        "additional-insured": ("Host named as additional insured", ["Endorsement"]),
        "certificate": ("Copy of the certificate asked for", []),
        "good-standing": ("Licence in good standing", []),
        "ends-with-licence": ("Ends when a licence lapses", []),
    },
    "ending": {
        "single-dates": ("Single dates welcome", ["One-off"]),
        "month-to-month": ("Month to month", []),
        "three-months": ("Three months at least", []),
        "six-months": ("Six months at least", []),
        "trial": ("Looked at together after three months", ["Trial", "Review"]),
        "months-notice": ("One calendar month's notice to end", []),
        "two-months-notice": ("Two months' notice to end", []),
        "absence-allowance": ("Four hours a month may be dropped without a fee", []),
        "free-holidays": ("Holidays are not charged", []),
    },
    "paying": {
        "pay-per-date": ("Paid after each date", []),
        "pay-monthly": ("Paid once a month", []),
        "deposit": ("Deposit", []),
        "key-deposit": ("Deposit for the key", []),
        "overrun": ("Overrunning is charged by the half hour", []),
        "utilities-included": ("Utilities and Wi-Fi included", []),
        "cleaning-included": ("Cleaning included", []),
        "supplies-included": ("Tissues, tea and water included", ["Supplies"]),
        "parking-included": ("Parking included", []),
    },
    "use": {
        "psychotherapy": ("For psychotherapy", []),
        "supervision": ("Supervision and consultation welcome", []),
        "groups": ("Groups welcome", []),
        "bodywork": ("Bodywork welcome", []),
        "testing": ("Testing welcome", []),
        "no-resublet": ("No re-subletting", ["No re-sublet"]),
        "meet-at-door": ("You meet visitors at the door", []),
        "leave-tidy": ("You leave it as you found it", ["Cleaning"]),
        "no-files": ("No files are left in the room", []),
        "no-client-details": ("No details of clients in bookings or messages", []),
        "not-a-tenancy": (
            "A licence to use the room, not a tenancy",
            ["Licence to occupy", "No partnership"],
        ),
        "mediation": ("Disputes go to a mediator first", []),
    },
}


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """Safe to run twice, and over what moderators changed: words of theirs, and a heading, are left as they are."""
    term = apps.get_model("directory", "Term")
    rows = [
        term(kind=kind, slug=slug, label=label, synonyms=synonyms, group=group)
        for kind, groups in (("office_attribute", ATTRIBUTES), ("office_term", TERMS))
        for group, terms in groups.items()
        for slug, (label, synonyms) in terms.items()
    ]
    term.objects.bulk_create(rows, ignore_conflicts=True)
    for group, terms in ATTRIBUTES.items():
        known = term.objects.filter(kind="office_attribute", slug__in=terms, group="")
        known.update(group=group)


class Migration(migrations.Migration):
    dependencies = [("directory", "0006_term_group")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
