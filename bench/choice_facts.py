"""Simple facts, and the questions that templates make of them: what a small model may lose when it is compressed."""
import random

CHOICES = 4
SEED = 0


def _pairs(text):
    return [tuple(item.strip().split("=")) for item in " ".join(text.split()).split(",")]


CAPITALS = _pairs("""France=Paris, Germany=Berlin, Italy=Rome, Spain=Madrid, Portugal=Lisbon, Austria=Vienna,
Poland=Warsaw, Hungary=Budapest, Greece=Athens, Sweden=Stockholm, Norway=Oslo, Denmark=Copenhagen, Finland=Helsinki,
Ireland=Dublin, Belgium=Brussels, Russia=Moscow, Ukraine=Kyiv, Turkey=Ankara, Egypt=Cairo, Kenya=Nairobi,
Nigeria=Abuja, Ethiopia=Addis Ababa, Morocco=Rabat, Japan=Tokyo, China=Beijing, India=New Delhi, Thailand=Bangkok,
Vietnam=Hanoi, Indonesia=Jakarta, Iran=Tehran, Iraq=Baghdad, Israel=Jerusalem, Canada=Ottawa, Mexico=Mexico City,
Cuba=Havana, Peru=Lima, Chile=Santiago, Argentina=Buenos Aires, Colombia=Bogota, Venezuela=Caracas,
Australia=Canberra, the Netherlands=Amsterdam, Switzerland=Bern, the Czech Republic=Prague, Romania=Bucharest,
Bulgaria=Sofia, Serbia=Belgrade, South Korea=Seoul, the Philippines=Manila, Afghanistan=Kabul""")
CONTINENTS = _pairs("""France=Europe, Germany=Europe, Poland=Europe, Greece=Europe, Norway=Europe, Kenya=Africa,
Nigeria=Africa, Egypt=Africa, Ethiopia=Africa, Ghana=Africa, Japan=Asia, China=Asia, India=Asia, Thailand=Asia,
Vietnam=Asia, Brazil=South America, Peru=South America, Chile=South America, Argentina=South America, Canada=North
America, Mexico=North America""")
LANGUAGES = _pairs("""France=French, Germany=German, Italy=Italian, Spain=Spanish, Portugal=Portuguese,
Brazil=Portuguese, Japan=Japanese, China=Chinese, Russia=Russian, Poland=Polish, Hungary=Hungarian, Greece=Greek,
Sweden=Swedish, Norway=Norwegian, Denmark=Danish, Finland=Finnish, Turkey=Turkish, Egypt=Arabic, Mexico=Spanish,
Austria=German, Australia=English, Vietnam=Vietnamese, Thailand=Thai""")
OPPOSITES = _pairs("""hot=cold, big=small, tall=short, fast=slow, old=young, rich=poor, happy=sad, light=dark,
wet=dry, hard=soft, full=empty, early=late, strong=weak, up=down, left=right, in=out, open=closed, good=bad,
clean=dirty, near=far, high=low, deep=shallow, true=false, love=hate, day=night, begin=end, buy=sell, win=lose,
push=pull, give=take, loud=quiet, thick=thin, wide=narrow, sharp=blunt, heavy=light, sweet=sour, alive=dead,
first=last, above=below, before=after, friend=enemy, war=peace, success=failure, north=south, east=west, male=female,
increase=decrease, accept=reject, arrive=depart, brave=cowardly""")
PAST = _pairs("""go=went, see=saw, eat=ate, run=ran, take=took, give=gave, write=wrote, speak=spoke, break=broke,
bring=brought, buy=bought, catch=caught, teach=taught, think=thought, come=came, do=did, drink=drank, drive=drove,
fall=fell, feel=felt, find=found, fly=flew, forget=forgot, get=got, grow=grew, have=had, hear=heard, hold=held,
keep=kept, know=knew, leave=left, lose=lost, make=made, meet=met, pay=paid, ride=rode, rise=rose, say=said, sell=sold,
send=sent, sing=sang, sit=sat, sleep=slept, stand=stood, steal=stole, swim=swam, tell=told, throw=threw, wear=wore,
win=won""")
PLURALS = _pairs("""child=children, man=men, woman=women, foot=feet, tooth=teeth, mouse=mice, goose=geese, ox=oxen,
knife=knives, leaf=leaves, wolf=wolves, life=lives, wife=wives, city=cities, baby=babies, box=boxes, church=churches,
potato=potatoes, hero=heroes, shelf=shelves, person=people, cactus=cacti, crisis=crises, half=halves, thief=thieves""")
SYMBOLS = _pairs("""hydrogen=H, helium=He, carbon=C, nitrogen=N, oxygen=O, sodium=Na, magnesium=Mg, aluminum=Al,
silicon=Si, phosphorus=P, sulfur=S, chlorine=Cl, potassium=K, calcium=Ca, iron=Fe, copper=Cu, zinc=Zn, silver=Ag,
tin=Sn, gold=Au, mercury=Hg, lead=Pb, uranium=U, neon=Ne, lithium=Li""")
YOUNG = _pairs("""dog=puppy, cat=kitten, cow=calf, sheep=lamb, horse=foal, pig=piglet, goat=kid, bear=cub,
duck=duckling, deer=fawn, hen=chick, goose=gosling, frog=tadpole, kangaroo=joey, owl=owlet, swan=cygnet""")
COLOURS = _pairs("""grass=green, the sky=blue, snow=white, coal=black, blood=red, a banana=yellow, an orange=orange, a
lemon=yellow, chocolate=brown, milk=white, a ripe tomato=red, a ruby=red, an emerald=green, a sapphire=blue, a
crow=black""")
WORKS = _pairs("""a hospital=doctor, a school=teacher, a farm=farmer, a kitchen=cook, a court=judge, a ship=sailor, a
library=librarian, a bakery=baker, an airplane=pilot, a theater=actor, a garden=gardener, a laboratory=scientist, a
bank=banker, a church=priest""")
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
NUMBERS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen".split()


def _following(items, cyclic):
    return list(zip(items, items[1:] + items[:1])) if cyclic else list(zip(items, items[1:]))


# Templates end where the answer follows, with a space before it.
KINDS = {
    "capital": (CAPITALS, ["The capital of {} is", "Question: What is the capital of {}?\nAnswer:"]),
    "country": ([(city, country) for country, city in CAPITALS],
                ["{} is the capital of", "The city of {} is in"]),
    "continent": (CONTINENTS, ["{} is a country on the continent of", "Question: On which continent is {}?\nAnswer:"]),
    "language": (LANGUAGES, ["In {}, most people speak", "Question: What is the official language of {}?\nAnswer:"]),
    "opposite": (OPPOSITES, ['The opposite of "{}" is the word', "Question: What is the opposite of {}?\nAnswer:"]),
    "past": (PAST, ["The past tense of the verb {} is",
                    "Today I {}. Yesterday I", "Question: What is the past tense of {}?\nAnswer:"]),
    "plural": (PLURALS, ["The plural of {} is", "One {}, two"]),
    "symbol": (SYMBOLS, ["The chemical symbol of {} is", "Question: What is the chemical symbol for {}?\nAnswer:"]),
    "young": (YOUNG, ["A young {} is called a", "Question: What is a baby {} called?\nAnswer: a"]),
    "colour": (COLOURS, ["The color of {} is", "Question: What color is {}?\nAnswer:"]),
    "work": (WORKS, ["The person who works in {} is a", "Question: Who works in {}?\nAnswer: a"]),
    "day": (_following(DAYS, True), ["The day after {} is", "Question: Which day comes after {}?\nAnswer:"]),
    "month": (_following(MONTHS, True), ["The month after {} is", "Question: Which month comes after {}?\nAnswer:"]),
    "number": (_following(NUMBERS, False), ["The number after {} is", "Question: Which number comes after {}?\nAnswer:"]),
    "sum": ([(f"{a} + {b}", str(a + b)) for a in range(1, 10) for b in range(a, 10)],
            ["{} =", "Question: What is {}?\nAnswer:"]),
    "product": ([(f"{a} * {b}", str(a * b)) for a in range(2, 10) for b in range(a, 10)], ["{} ="]),
}


def generated_questions():
    """[{"kind", "prompt", "choices", "answer"}] in an order that a seed decides; wrong choices are other facts' answers."""
    random_ = random.Random(SEED)
    questions = []
    for kind, (facts, templates) in KINDS.items():
        answers = sorted({answer for _, answer in facts})
        for subject, answer in facts:
            # A subject may have two answers: the other one is no wrong choice.
            right = {other for name, other in facts if name == subject}
            for template in templates:
                wrong = random_.sample([other for other in answers if other not in right | {subject}], CHOICES - 1)
                choices = [answer, *wrong]
                random_.shuffle(choices)
                questions.append({"kind": kind, "prompt": template.format(subject), "choices": choices,
                                  "answer": choices.index(answer)})
    random_.shuffle(questions)
    return questions
