"""The words people, towns and employers are made of. All invented or too odd to be anybody's."""

from __future__ import annotations

from typing import Final

# fmt: off
GIVEN_START: Final[tuple[str, ...]] = (
    "Av", "Bor", "Cin", "Del", "Em", "Fen", "Gar", "Hal", "Is", "Jor", "Kel", "Lor", "Mar", "Nev", "Or", "Pel",
    "Quil", "Ros", "Sel", "Tam", "Ul", "Ver", "Wil", "Yor", "Zan", "Bran", "Thes", "Os",
)
GIVEN_END: Final[tuple[str, ...]] = (
    "adel", "amir", "andrel", "belin", "drick", "elka", "enna", "erin", "essa", "ibel", "imond", "inor", "isk",
    "olan", "oret", "owen", "rian", "sira", "tavel", "umi", "wyn", "yra",
)
FAMILY_START: Final[tuple[str, ...]] = (
    "Bramble", "Candle", "Copper", "Ember", "Fable", "Feather", "Fennel", "Glimmer", "Harrow", "Juniper", "Kettle",
    "Lantern", "Larkspur", "Marrow", "Mossy", "Nettle", "Otter", "Parsley", "Pepper", "Quill", "Raven", "Saffron",
    "Sorrel", "Spindle", "Tansy", "Thimble", "Thistle", "Tinder", "Wicker", "Willow", "Winkle", "Yarrow",
)
FAMILY_END: Final[tuple[str, ...]] = (
    "bottle", "bramble", "button", "crumb", "dipper", "drift", "fiddle", "finch", "glove", "gully", "hatch",
    "hollow", "kettle", "knot", "latch", "loom", "mantle", "mitten", "notch", "paddle", "pennant", "pocket",
    "puddle", "quiver", "rattle", "saddle", "shingle", "sprocket", "thatch", "tuft", "wattle", "wick",
)
TOWN_FIRST: Final[tuple[str, ...]] = (
    "Upper", "Nether", "Little", "Great", "Port", "Old", "North", "South", "Inner", "Far",
)
TOWN_STEM: Final[tuple[str, ...]] = (
    "Quillow", "Embervale", "Tarnmoss", "Brindlewick", "Otterhame", "Fablemere", "Lanterby", "Sorrelden",
    "Winklemoor", "Saffronsay", "Thimbleford", "Mossgarrow",
)
EMPLOYER_FIRST: Final[tuple[str, ...]] = (
    "Blue Ladder", "Brass Heron", "Clockwork Pear", "Copper Thimble", "Eleven Kites", "Foxglove", "Glass Acorn",
    "Green Anvil", "Half Moon", "Hollow Drum", "Ink and Oar", "Larkspindle", "Moonraker", "Nine Lanterns",
    "Paper Otter", "Quiet Harbour", "Salt and Spindle", "Seven Bells", "Silver Turnip", "Slow River", "Tall Teapot",
    "Tin Compass", "Velvet Plough", "Wandering Stool", "Yellow Cask",
)
EMPLOYER_LAST: Final[tuple[str, ...]] = (
    "Boatyard", "Ceramics", "Choir School", "Cycle Works", "Dairy", "Instruments", "Joinery", "Library", "Maps",
    "Nursery", "Observatory", "Optics", "Orchards", "Press", "Puppets", "Ropewalk", "Textiles",
)
CRAFTS: Final[tuple[str, ...]] = (
    "Archivist", "Baker", "Beekeeper", "Bell founder", "Bookbinder", "Botanist", "Bridge keeper", "Cartographer",
    "Clock mender", "Cooper", "Dyer", "Gardener", "Glazier", "Harbour pilot", "Illustrator", "Instrument maker",
    "Kite builder", "Lens grinder", "Letterpress printer", "Orchardist", "Potter", "Puppet maker", "Shepherd",
    "Signwriter", "Teacher", "Thatcher", "Tidal engineer", "Translator", "Weaver", "Wheelwright",
)
ASIDES: Final[tuple[str, ...]] = (
    "amateur astronomer", "bad chess player", "choir alto", "collector of maps", "cyclist in all weathers",
    "fell walker", "keeper of two goats", "keen swimmer", "night fisher", "occasional juggler", "part-time poet",
    "pickle enthusiast", "reader of almanacs", "reluctant runner", "rower", "teller of long stories",
)
OBJECTS: Final[tuple[str, ...]] = (
    "amber", "birch", "cobalt", "damson", "elder", "flint", "gorse", "hazel", "indigo", "jasper", "kelp", "larch",
)
# fmt: on

BEGINNINGS: Final = (
    "I came to {craft} work late, after a decade of mending umbrellas.",
    "Most of what I know about being a {craft} I learned from my aunt.",
    "I have been a {craft} for longer than I care to count.",
    "By day I am a {craft}; by night I sort seeds into small envelopes.",
    "As a {craft} I like problems that take a whole winter.",
)
MIDDLES: Final = (
    "On Sundays I help at the ferry house and repaint whatever peels.",
    "I am slowly restoring a two-person kayak with a friend from the choir.",
    "I look after the tool library and will happily sharpen what you bring.",
    "We are a household of four, a parrot included, and everybody has opinions.",
    "I write the autumn newsletter and am always short of good photographs.",
    "I learned to swim at forty and have hardly been dry since.",
)

GROUPS: Final = (
    ("river-swimmers", "River swimmers", "Cold water, warm tea, every Saturday at seven."),
    ("tool-library", "Tool library", "Borrow a drill, bring back a story."),
    ("bell-ringers", "Bell ringers", "Six bells, and a ringer short since spring."),
    ("night-sky", "Night sky", "Telescopes on the old weir whenever it is clear."),
    ("seed-swap", "Seed swap", "Beans, squash and good advice, twice a year."),
    ("repair-cafe", "Repair café", "Toasters, trousers and torn kites."),
    ("choir", "Riverbend choir", "No audition. Some cake."),
    ("chess", "Slow chess", "One move a day, on the board in the library."),
    ("map-room", "Map room", "Drawing the parish, hedge by hedge."),
    ("young-rowers", "Young rowers", "Beginners' boats on Wednesdays."),
    ("orchard", "Community orchard", "Pruning in January, cider in October."),
    ("newcomers", "New in town", "A walk, a table, people who remember your name."),
)

NEWS: Final = (
    ("The weir path is open again", "After three weeks of stones and swearing you can walk to the mill with dry feet."),
    ("Seed swap on the first Sunday", "Bring labelled envelopes. Last time we had eleven unlabelled squashes."),
    ("Members' evening: lenses", "How to grind one, why not to try it in the kitchen, and what can be seen with it."),
)
