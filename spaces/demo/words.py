"""What the demo community is made of: invented names, real neighbourhoods, sentences a colleague might write."""

from typing import NamedTuple


def listed(text: str, separator: str | None = None) -> list[str]:
    return [word.strip() for word in text.split(separator)]


FIRST_NAMES = listed("""
    Adaeze Aiko Alma Amara Anselm Arjun Asha Aurelio Beatriz Bilal Bo Camille Cedric Chiara Clementine Cyrus Dalia
    Darius Delphine Eamon Eleni Emeka Esme Farah Felix Fern Gideon Giulia Hana Hector Ilse Imani Ines Ingrid Isidro
    Ivo Jamal Joaquin Juniper Kai Kamala Keiko Kofi Laila Leopold Linh Lior Lucia Luz Magnus Maeve Malik Marisol Mei
    Micah Mina Nadia Naveen Nia Noor Odessa Olu Orla Pascal Petra Priya Quentin Rafael Reina Rosalind Ruben Sabine
    Sage Samira Selam Shira Silas Soledad Sunita Suki Tadashi Tamsin Teodora Thandi Tomas Ulla Vera Viggo Willa Xochitl
    Yael Yusuf Zadie Zora
""")
LAST_NAMES = listed("""
    Abernook Adeyombe Alderwick Amberquist Appletarn Arroyelo Ashgrovely Baskerwind Bellamoor Birchsong Brambleton
    Brightwater Calderamo Candlewright Castellorin Cedarholm Chandravati Cloverdane Copperfinch Cypressa Dawnhollow
    Delmarisco Dunmorrow Elderberg Emberlane Evergarden Fairweathers Featherby Fenwarren Fioravelli Foxglover
    Galloway-Moss Glimmerstone Goldthread Haddowmere Halimarra Hartwhistle Hawthornby Heatherstad Hollowayde
    Honeywell-Rao Inkwellyn Ironbark Islavera Ivorsdotter Jadewater Juniperio Kaminorai Kestrelman Kingfisherly
    Lanternfield Larkmeadow Lavendale Lindenquist Longbottome Lumenario Maplethorpe-Ito Marigoldi Marshlight Meadowlarke
    Merriwick Mistralone Moonbeamer Mossgrave Nakamizuno Nettlefold-Oye Nightingaleh Northwindt Oakenshaw Okonrimo
    Olivastro Orchardson Otterburne Pebblecreek Pennyroyale Periwinkle Pinecrestor Plumtreeves Quillfeather Quintarrey
    Rainsongh Ravenswick Redwoodley Riverbendt Rosewaterly Saffronetti Sandpiperson Silverbirch Skylarkin Snowberrie
    Sorrelano Starlingford Stonebridgely Sunderwell Swallowtail Tanagerro Thistlewood Tidewatery Tumbleweede
    Umbrellini Valleverde-Kim Vinterhav Wandermere Waterlilly Weatherbee-Diaz Willowmist Windermoor Winterbourney
    Wrenfield Yarrowby Yellowtree Zephyrine
""")
PRONOUNS = ["she/her", "she/her", "she/her", "he/him", "they/them", "she/they", ""]


class Neighbourhood(NamedTuple):
    name: str
    city: str
    zip_code: str
    streets: tuple[str, ...]


NEIGHBOURHOODS = [
    Neighbourhood(
        "Rockridge", "Oakland", "94618", ("College Avenue", "Claremont Avenue")
    ),
    Neighbourhood(
        "Piedmont Avenue", "Oakland", "94611", ("Piedmont Avenue", "Montell Street")
    ),
    Neighbourhood(
        "Temescal", "Oakland", "94609", ("Telegraph Avenue", "Shattuck Avenue")
    ),
    Neighbourhood("Elmwood", "Berkeley", "94705", ("College Avenue", "Ashby Avenue")),
    Neighbourhood(
        "Claremont", "Berkeley", "94705", ("Domingo Avenue", "Claremont Avenue")
    ),
    Neighbourhood(
        "Grand Lake", "Oakland", "94610", ("Grand Avenue", "Lake Park Avenue")
    ),
    Neighbourhood("Albany", "Albany", "94706", ("Solano Avenue", "San Pablo Avenue")),
    Neighbourhood(
        "El Cerrito", "El Cerrito", "94530", ("Fairmount Avenue", "San Pablo Avenue")
    ),
    Neighbourhood(
        "North Oakland", "Oakland", "94608", ("Adeline Street", "Market Street")
    ),
    Neighbourhood(
        "Montclair", "Oakland", "94611", ("Mountain Boulevard", "La Salle Avenue")
    ),
    Neighbourhood(
        "Downtown Berkeley", "Berkeley", "94704", ("Shattuck Avenue", "Milvia Street")
    ),
    Neighbourhood(
        "West Berkeley", "Berkeley", "94710", ("Fourth Street", "Tenth Street")
    ),
    Neighbourhood(
        "North Berkeley", "Berkeley", "94709", ("Vine Street", "Walnut Street")
    ),
    Neighbourhood(
        "Thousand Oaks", "Berkeley", "94707", ("Solano Avenue", "The Alameda")
    ),
    Neighbourhood(
        "South Berkeley", "Berkeley", "94703", ("Sacramento Street", "Adeline Street")
    ),
    Neighbourhood("Alameda", "Alameda", "94501", ("Park Street", "Webster Street")),
    Neighbourhood(
        "Emeryville", "Emeryville", "94608", ("Hollis Street", "Doyle Street")
    ),
    Neighbourhood("Uptown", "Oakland", "94612", ("Webster Street", "Franklin Street")),
    Neighbourhood(
        "Dimond", "Oakland", "94602", ("Fruitvale Avenue", "MacArthur Boulevard")
    ),
    Neighbourhood("Laurel", "Oakland", "94619", ("MacArthur Boulevard", "High Street")),
]

BUILDING_NAMES = listed(
    """
    Heron House|The Old Bakery|Wisteria Court|Bluebird Building|The Clockmaker's|Madrone House|Lantern Row|
    The Button Factory|Persimmon House|Sparrow Hall|The Old Creamery|Ceanothus Court|Tidemark|Buckeye House|
    The Bookbinder's|Manzanita Court|Kiteflyer's Corner|The Seed Store|Hummingbird House|Foghorn Building|
    The Piano Works|Coyote Brush Court|Moonrise House|The Umbrella Shop|Toyon Court|Pelican Building|
    The Map Room Building|Sorrel House|Bay Laurel Court|The Violin Maker's|Sycamore Steps|Thimble House|
    The Weaver's Yard|Nutmeg House|Swallow Court|The Signal Box|Poppyfield House|Gingko Corner|The Glassworks|
    Marmalade House|Lupine Court|The Kettle Building|Otter House|Fig Tree Court|The Chandler's|Tanager House|
    Rosemary Court|The Weighbridge|Yarrow House|Blackbird Building|The Sail Loft|Pear Tree Court|Owl House|
    The Printer's Row|Foxglove Court|The Lamplighter's|Elderflower House|Starling Building|Quince Court|
    The Hatter's|Cricket House|Mulberry Court|The Tannery Yard|Sandpiper House
""",
    "|",
)
ROOM_NAMES = listed(
    """
    The garden room|The blue room|The room with the bay window|The quiet room|The corner room|The attic room|
    The morning room|The green room|The room with two doors|The long room|The small room|The room under the stairs|
    The yellow room|The plant room|The room at the back|The fireside room|The skylight room|The tea room|
    The room by the stairs|The maple room
""",
    "|",
)
GROUP_ROOM_NAMES = ["The group room", "The circle room", "The big room", "The studio"]
DESCRIPTIONS = [
    "Two armchairs, a sofa for three and a lamp that is kinder than the ceiling light. The window looks on a courtyard.",
    "A calm room at the back, away from the street. White noise in the hall, a clock both can see.",
    "Big enough for a family, small enough for two. A rug, a low table, tissues, and a box of pencils.",
    "North light, bookshelves, a desk for notes. The heating knows the evenings too.",
    "Chairs for a circle stand folded behind the screen. Please put them back that way.",
    "Plain and warm. Colleagues say their shoulders drop when they come in.",
    "",
]
TERMS = [
    "Leave ten minutes before the end. Lights off, windows shut. Half a day's notice when you cannot come.",
    "Meet your visitors at the door. Nothing is kept in the room overnight except in the locked cabinet.",
    "Please bring your own tissues and leave the kitchenette as you found it. Cancel free until the day before.",
    "Professional liability insurance, please; a copy of the certificate before the first date.",
]
DIRECTIONS = [
    "Ring at the street door and wait in the hall; I come and fetch you. The bus stops across the street.",
    "Come in by the courtyard, not by the shop. The waiting room is up one flight, or take the lift on the left.",
    "Parking behind the building after 17:00. Sit down in the waiting room, there is no desk to report to.",
    "Two minutes from BART. The entrance is beside the bicycle shop; press “visitors”.",
]
STEP_FREE_ACCESS = [
    "Street parking, two hours. Bus at the corner. The lift is at the back.",
    "A ramp on the courtyard side. Six bicycle racks. The street door locks at 18:00.",
    "No step at the door, none inside. Parking behind the building in the evening.",
    "A lift to every floor. Ten minutes on foot from BART.",
]
STEPPED_ACCESS = [
    "Street parking, two hours. Bus at the corner. One flight up.",
    "Three steps on the courtyard side. Six bicycle racks. The street door locks at 18:00.",
    "One step at the door, none inside. Parking behind the building in the evening.",
    "Two flights, no lift. Ten minutes on foot from BART.",
]
HEADLINES = [
    "{0} and {1}, without hurry.",
    "a small practice for {0} and {1}.",
    "mostly {0}; some {1}.",
    "{0}, and what it does to a family.",
    "where {0} and {1} meet.",
    "",
]
BIOS = [
    "I came to this work late and have not tired of it.",
    "Before this I taught for eleven years; some of that stays in how I listen.",
    "I like to think along with colleagues about work that is stuck.",
    "I keep a small practice on purpose and write on Fridays.",
    "Trained in two traditions that do not like each other; I found they get along.",
    "I work slowly and say so at the beginning.",
    "Most of my work is in the evening, which is why I know every room that is heated after six.",
    "I care about fees that people can pay and keep some hours for that.",
    "Walks around the lake, bad ceramics, a good choir.",
    "I lead a group for colleagues in their first ten years; ask me about it.",
    "On the days I do not see people I do assessments.",
    "I moved my practice three times in five years. Ask me about moving boxes.",
]
MESSAGES = [
    "I would keep it for as long as you let me have it.",
    "I work with adults, quietly. References gladly.",
    "Can bring my own lamp.",
    "",
    "",
]
WORDS = [
    "Is the heating on by nine?",
    "It is, from half past eight. The thermostat is behind the door.",
    "Would there be room for a small bookshelf of mine?",
    "On the left wall, gladly.",
]
TAKE_OVER = "I am away these two weeks. The room would be empty otherwise."
OFFER_MESSAGES = [
    "Sorry that this happened. Take what helps.",
    "The key is with the neighbour; I will tell her.",
    "It is a small room, but it is warm.",
    "",
]
