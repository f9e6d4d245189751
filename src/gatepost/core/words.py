"""Words for people to compare: six of these 256 say 48 bits aloud.

The words are short and common; no two begin with the same four letters or differ in one letter
only. Changing the list changes what two versions of Gatepost show; only ever do so together.
"""

WORDS: tuple[str, ...] = tuple(
    """
    acorn agent alarm album amber angle apple april apron arrow aspen attic autumn badge baker
    banjo barrel basil beach beetle bingo birch blanket board bottle bread brick bronze bucket
    butter cabin cactus camel candle carpet castle cedar cello chalk cherry chimney cider circle
    clover coast cobalt coffee copper coral cotton cousin cradle crayon cricket crystal cupboard
    curtain daisy dancer desert diamond dinner doctor dolphin donkey dragon drawer drum eagle
    easel echo editor elbow elder elephant engine evening fabric falcon farmer feather fennel
    ferry fiddle flame flute forest fossil fountain fox friday frost galaxy garden garlic giant
    ginger glacier glove goblet golden grape gravel guitar hammer harbour hazel heron hinge
    hockey honey horse hotel hunter iceberg igloo indigo ink island ivory jacket jaguar jasmine
    jelly jewel jigsaw jungle juniper kayak kernel kettle kitchen kitten ladder lagoon lamp
    lantern laurel lava lemon library lilac linen lizard lobster lotus lumber magnet mango maple
    marble meadow melon metal mirror monday mosaic muffin museum napkin needle nest nickel
    noodle north nutmeg oasis oboe ocean olive onion opera orange orchard otter oven owl oyster
    paddle palace panda paper parrot pebble pelican pencil pepper piano picnic pigeon pillow
    planet plum pony potato prairie pumpkin puzzle quartz quilt rabbit radio raft ravine ribbon
    river robin rocket rose ruby salmon sandal satin scarf school seagull shadow shell silver
    siren sketch skirt slipper snow soap sofa spider sponge squirrel station stone sugar summer
    table tailor teapot temple thunder tiger timber tomato tower tractor trumpet tulip turtle
    umbrella valley velvet violin walnut whale window winter yellow zebra
    """.split()
)


def say(data: bytes) -> str:
    """One word a byte, separated by spaces."""
    return " ".join(WORDS[byte] for byte in data)
