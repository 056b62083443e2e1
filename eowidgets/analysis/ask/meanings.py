"""What single words of a question say about its program: the table behind :mod:`.accounted`.

A word is harmless, or it stands for one of several facts of a program, written ``"field:value"`` as
:func:`.accounted.facts` gives them. A word that is in neither list is not accounted for.
"""

from __future__ import annotations

from eowidgets.analysis.ask.lexicon import HARMLESS as FUNCTION_WORDS

#: Sets of facts that several groups of words share.
_MORE = (
    "which:highest which:peak relation:more relation:which relation:difference relation:above relation:at-least ask:more "
    "direction:gain kind:trend"
)
_LESS = (
    "which:lowest which:low relation:less relation:which-less relation:which relation:difference relation:below "
    "relation:at-most ask:less direction:loss kind:trend"
)
_MOVED = "of:change kind:change kind:trend which:change suffix:loss suffix:gain suffix:change measure:loss measure:gain kind:event"
_OTHERWISE = "undirected kind:event ask:from-to ask:cause kind:trend kind:compare kind:rank kind:threshold kind:extreme of:change"
_LOST = f"{_OTHERWISE} direction:loss suffix:loss suffix:change measure:loss ask:less"
_CAME = f"{_OTHERWISE} direction:gain suffix:gain suffix:change measure:gain ask:more which:first"
_STILL = "kind:count kind:presence kind:locate kind:area kind:share kind:describe kind:fact kind:when kind:settlement kind:extent"
_SIZE = "kind:area kind:share kind:extent kind:count kind:change kind:threshold kind:compare kind:rank kind:describe"
_WHERE = "kind:locate ask:place by:half by:quarter relation:which relation:which-less of:place kind:describe place"
_TIME = (
    "kind:when kind:rank kind:fact kind:count kind:outlook kind:compare kind:trend measure:any-date unit:dates dated "
    "of:image of:clear-image of:cloud of:snow of:change kind:change kind:event"
)

#: Facts, any one of which accounts for the words.
_WORDS: dict[str, str] = {
    "stat:median": "median",
    "stat:spread": "differ differs spread deviation deviations dispersion std stdev standard variation variations varied vary varies variability "
    "variable range scatter scattered fluctuate fluctuates fluctuation heterogeneous uneven uniform patchy even unequal mixed",
    f"{_MORE} of:longest-gap suffix:loss suffix:change relation:at-most kind:describe kind:locate": "highest maximum max maximal "
    "most peak peaks peaked peaking top greatest largest biggest best strongest healthiest upmost maximally majority mostly mainly "
    "chiefly predominantly greenest wettest moistest lushest cloudiest snowiest brightest densest heaviest thickest upper "
    "dominates dominate dominant dominating prevails prevail commonest widespread",
    f"{_LESS} relation:at-least": "lowest minimum min minimal least fewest smallest weakest driest brownest worst bottom darkest "
    "clearest rarest scarcest",
    f"{_MORE} kind:change kind:compare kind:threshold kind:extent": "more higher greater larger bigger stronger better beat "
    "outnumber outweigh outnumbers outweighs exceed exceeds exceeded exceeding greener lusher healthier wetter "
    "moister cloudier snowier brighter warmer denser browner drier dryer hazier clearer",
    f"{_LESS} kind:change kind:compare kind:threshold kind:extent": "less lower fewer smaller weaker "
    "browner drier dryer darker rarer scarcer worse poorer",
    "kind:compare kind:threshold kind:extent kind:outlook kind:change kind:rank": "than",
    "kind:compare kind:rank kind:change kind:trend": "compare compared compares comparing comparison versus vs against contrast "
    "relative difference differences differ differs differed different rather",
    "relation:difference relation:which kind:change kind:trend": "rate amount step jump",
    f"{_MOVED} kind:compare kind:fact": "change changed changes changing transformed modified altered transition transitions "
    "develop developed developing development evolve evolved evolution happen happened happening happens occurred took",
    f"{_LOST} {_STILL}": "down downwards downward",
    f"{_CAME} {_STILL}": "up upwards upward",
    _LOST: "lost lose losing loss losses cleared clearing clearings clearance "
    "clearances cut cuts cutting felled felling fellings fell logged logging log logs deforested deforestation clear-cut "
    "clear-cuts clearcut clearcuts clear-cutting removed remove removal disappear disappeared disappearing vanish vanished "
    "vanishing destroyed destroy gone shrink shrunk shrinking shrank decline declined declining decrease decreased decreases "
    "decreasing drop dropped dropping fall fallen falling falls reduced reduction recede receded receding retreat retreating wane "
    "waning sink sank decay worsen worsened deteriorate deteriorated browning drying degraded missing holes chopped harvested",
    _CAME: "gained gain gains gaining added additional appear "
    "appeared appearing emerge emerged grow grown grew growing grows growth expand expanded expanding expansion increase "
    "increased increases increasing rise rises rising risen rose improve improved improving recover recovered recovering recovery "
    "regrow regrown regrew regrowth replanted planted reforested reforestation new newly built constructed construction spread "
    "spreading advancing climb climbed greening regained returned extra",
    "kind:trend kind:change": "trend trends tendency slope long-term behave behaviour heading moving progress stable steady net "
    "linear",
    "ask:from-to direction:gain direction:loss kind:trend ask:more ask:less suffix:loss kind:change": "turn turned turning became "
    "become becoming convert converted conversion replaced superseded made way went",
    "ask:cause kind:event kind:fact": "why cause caused causes reason reasons responsible due because explanation",
    f"{_WHERE} kind:extreme kind:extent kind:threshold": "where whereabouts locate located location locations spot spots situated concentrated concentrate",
    "how:nearest of:place kind:fact kind:locate kind:trend": "nearest closest near distance far away towards direction",
    "how:polygon kind:locate kind:count": "outline outlines contour contours polygon polygons border borders boundaries boundary "
    "vector vectors vectorise vectorize geojson delineate digitise trace shape shapes mark highlight draw",
    f"{_TIME} kind:extreme kind:extent kind:statistic kind:presence kind:locate": "when date dates days moment",
    f"{_TIME} kind:statistic kind:presence kind:extreme": "ever once often frequently times",
    f"{_TIME} scope:all": "month months season seasons",
    "kind:when which:first which:last dated kind:fact band": "first last earliest latest oldest newest recent final initial "
    "beginning begin begins began start starts started end ends ended stop stops commence finish until ago",
    "kind:when kind:fact kind:count kind:compare kind:rank": "arrive arrived melt melted happen",
    "by:half place limit": "half halves",
    "by:quarter place limit kind:locate": "quarter quarters corner corners",
    "by:half by:quarter place kind:locate": "side sides",
    "limit band": "third fifth tenth thirds quarters majority",
    "kind:count kind:area kind:share kind:extent kind:fact kind:change measure:count kind:compare kind:rank kind:threshold": "many "
    "number numbers count counts counted quantity total",
    "kind:count kind:compare kind:locate measure:count kind:change kind:threshold kind:presence": "patch patches piece pieces parts "
    "areas stand stands plot plots fragments fragment fragmented broken islands blobs clumps clusters groups units bits chunks polygons "
    "separate separated distinct individual isolated single split divided objects features sites regions parcels",
    f"{_SIZE} kind:fact": "size sizes large vast wide acreage extensive dimensions dimension extent extents surface",
    f"unit:ha unit:km2 unit:m2 min kind:fact:size kind:area kind:fact": "ha hectare hectares km km2 m2 sqm square kilometre "
    "kilometres kilometer kilometers metre metres meter meters sq m",
    "unit:% kind:share kind:threshold kind:describe kind:settlement of:cloud of:snow kind:rank kind:compare kind:extent": "percent "
    "percentage percentages pct % share shares fraction fractions proportion proportions portion ratio per cent densely",
    "kind:outlook": "will shall forecast forecasts predict predicted prediction expect expected outlook future tomorrow upcoming",
    "kind:outlook which:change dated": "next coming following",
    "kind:event ask:cause": "fire fires burn burned burnt burning wildfire wildfires blaze storm storms windthrow windstorm beetle "
    "beetles disease diseases pest pests drought droughts flood floods flooded flooding landslide landslides avalanche destroyed "
    "damage damaged damages harmed kill kills killed hit bark",
    "kind:settlement of:built-up": "rural urban countryside urbanised urbanisation populated city town village country densely "
    "live people settled",
    "kind:fact kind:statistic kind:extreme kind:threshold kind:area kind:change": "high low big",
    "kind:fact": "delivered satellite satellites sensor sensors mission missions instrument instruments platform spacecraft sentinel landsat "
    "modis formosat sentinel-2 resolution gsd sampling bands band channels rows row columns column width height tall wide long "
    "broad interval intervals gap gaps spacing revisit frequency consecutive successive apart pause latitude longitude coordinates "
    "coordinate northern southern eastern western east west north south northernmost southernmost easternmost westernmost edge "
    "border limit centre center middle span spans record length indices index longest lat lon degrees grid per annum annual year "
    "wavelengths spectral take taken between",
    "kind:fact kind:describe": "explain explained explanation define definition defined meaning means formula computed calculated "
    "derived stand stands good used useful purpose short describe describes description summarise summarize summary overview "
    "caption composition environment kinds types classes introduce portrait briefly",
    "kind:count kind:fact kind:when of:clear-image of:cloud of:image unit:dates kind:share": "available usable acquired taken "
    "imaged captured recorded photographed observed overpass shot collect collected acquire receive received",
    "negated:True of:cloud of:clear-image": "free clear clean cloudless unclouded cloud-free unobscured",
    "negated:True of:clear-image kind:count which:low which:lowest": "no not without none isn't aren't wasn't weren't other",
    "of:snow": "snowed snowing lie lay lying white ground melt fall falls fell",
    "of:cloud kind:count": "hidden masked obscured hazy overcast sky view visible",
    "of:vegetation index": "vegetation plants plant leaves leafy vigour health healthy lush vigorous",
    "of:NDMI of:water": "wet dry moist damp humid moisture wetness dryness",
    "band kind:fact": "reflectance reflectances reflects reflect reflected brightness band channel infrared near-infrared shortwave short-wave wave near red-edge edge "
    "swir nir mid mid-infrared middle narrow red blue yellow coastal aerosol micron microns um second third",
    "index band kind:fact": "value values",
    "kind:locate kind:extreme kind:statistic point kind:presence kind:extent kind:fact kind:when": "pixel pixels point",
    "scope:layer": "parcel parcels layer fields mine",
    "kind:rank kind:compare kind:extreme kind:locate scope:layer": "rank ranked ranking",
    "kind:compare kind:change kind:rank kind:trend kind:fact dated": "two both either",
    "kind:trend": "three four five six ten decade decades",
    "which:change kind:change kind:settlement": "people person persons man humans",
}

#: Politeness, fillers, and verbs that ask for any answer.
_FILLERS = """
    absolutely according account acquire actual actually add additionally ahead all allow alright answer anyway anywhere appears
    approx approximate apparently around ask asked asking asks assess assessed assume average averaged avg aware basically bit
    brief bring brought calculate calculated calculating case certain certainly characterise check checked choose clearly close
    come comes common compute computed computing concerning confirm consider considered considering contain contained contains correct
    cover covered coverage covering covers curious currently data dear deal decent deliver described detect detected detectable
    determine determined did discern discover display displayed does doing done easily entire entirely essentially establish
    estimate estimated estimating estimation evaluate evaluated evening everyone exact exactly exist existed exists extract fact fair
    fairly feel figure figures fill fills fine first-hand fully further generally gimme glance given going good got grateful
    greetings guess happens happy has have having hello help hey hi hide hides hold holds hope how however i'd i'll i'm i've idea identify
    image imagery include included includes including indeed inform info information instance interest interested is issue
    it's its itself job just keen kind kindly know known large-scale lately less-or-more let lets let's like likely liked little
    living long look looked looking looks lovely makes matter maybe me mean meant measure measured measurement measures mention moment-in
    morning name named namely need needed needs nice normal normally note notice noticeable numeric obtain obtained occupied
    occupies occupy occur occurs ok okay one ones opinion-free output overall particular particularly percent-wise perhaps
    picture please pls plz possible possibly precise precisely present presently pretty print probable probably problem project
    provide provided question quick quickly quite rather read reading readings really reason-free recall recognise recognised
    recognizable refer reference regarding relevant report reported reporting represent reveal rough roughly run said sample say scene
    see seeing seem seems seen share-wise show showed showing shown shows simple simply since single-number site sort spot spotted
    stand state stated still study stuff suppose sure surely suspect take takes talk tell telling tells terms thank thanks that's the
    there's thereabouts thing think thx tiny today told trying try type typical typically understand upon use used
    using usual usually various visible wanna want wanted wants way we'd we'll we're we've well what's whatever
    where's whole who'd wish wonder wondering word words work worked would write writing wrote yes you'd you'll you're you've
    expressed express given give gives giving get gets put puts turn-out out find finds finding found made make per-scene
    research paper thesis class homework teacher boss colleague client reader report presentation team student
    colleagues someone mine here there hereabouts across whole throughout within among amid inside outside along everything anything
    something nothing-else nearby area areas place places region zone land lands ground terrain-free landscape territory property
    surroundings vicinity view views map maps mapped part parts portion section spot locality plot parcel-free site sites world
    extracted retrieve retrieved return returned fetch grab list listed listing pick picked select specify submit supply
    level levels score intensity reach reached reaches reaching attain attained come comes lies lie lying sit sits standing stands
    account accounts belong belongs consist consists constitute constitutes comprise comprises composed spanned stretch stretches
    taken took exhibit exhibits experience experienced feature featured possess possesses held hold contain grow grows growing
    appear appears year years annum calendar period periods time times series during while same respective respectively both
    each-of either-of whether if suppose considering compared-to question-mark right true false correct wrong-or-right not-sure
    especially mainly just exclusively purely solely only alone whole-wide specifically namely individually together
    combined jointly altogether collectively side-by-side let's-see now then next-up finally lastly also besides moreover plus
    remote sensing satellite-based earth observation spectral index indices layer satellite's s t d ll re ve m
    day getting tend tends tended instead archive database dataset collection stack call called calls space room few couple above below over under beyond
    beneath hello per-se reads reader draws outlining
    vegetation's scene's image's forest's area's roughly-speaking say-so ballpark somewhere anywhere else somehow any-where
    day-to-day extent-wise once ever-so visible-to spots-of looked-at imaged captured recorded registered
    mean means went go goes gone-by be being been am ain't don't doesn't didn't won't can't couldn't open surface
    left standing remains remain remaining sign signs trace presence hint evidence proof any-sign
""".split()  # noqa: SIM905

#: Words of the lexicon's harmless list that say something here.
_STRICT = frozenset(
    "more most many less least need near new no not number between before after until together location down up forecast next coming"
    " broke broken predict predicted prediction outlook expect expected will each every today when where month total "
    "nowadays course left leave break without shall".split()  # noqa: SIM905
)
HARMLESS = (FUNCTION_WORDS - _STRICT) | {w for w in _FILLERS}
#: Of a monitored break and of time words that dates leave over.
_WORDS["which:change"] = "break broke broken deviate deviated depart departed course leave left"
_WORDS["dated kind:trend kind:change kind:when kind:outlook kind:compare limit kind:fact"] = (
    "per between before after since from until early late mid today each every together location need nowadays total"
)


def _by_word() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for facts, words in _WORDS.items():
        for word in words.split():
            found.setdefault(word, set()).update(facts.split())
    return {word: frozenset(facts) for word, facts in found.items()}


#: Word to the facts of which a program must have one.
MEANINGS = _by_word()
