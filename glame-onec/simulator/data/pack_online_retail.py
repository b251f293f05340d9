"""Packs the Online Retail CSV into the columns that the simulator embeds.

    python3 pack_online_retail.py onlineretail.csv.gz online_retail.bin.gz

Only the standard library is used, and the same input gives the same bytes. The layout is read
by `src/base/online_retail/packed.rs`; all numbers are LEB128, signed ones zigzag first:

    articles   count, then for each: code, description, category, folder + 1 (0 none), service
    folders    count, then names
    categories count, then names
    countries  count, then names
    invoices   count, then columns: number, minutes since the one before, customer (0 none),
               country, lines, basis + 1 (0 none; the sale which a cancellation takes back)
    lines      columns: article, quantity (signed), price in thousandths (signed)
"""

import collections
import csv
import datetime
import gzip
import sys

CATEGORIES = [
    ("Праздники и Рождество", "CHRISTMAS EASTER ADVENT XMAS SANTA REINDEER SNOWFLAKE VALENTINE"),
    ("Украшения и бижутерия", "NECKLACE EARRINGS BRACELET RING CHARM DIAMANTE BANGLE BROOCH PENDANT JEWELLED HAIR"),
    ("Сумки и кошельки", "BAG BAGS PURSE SHOPPER SUITCASE WALLET BACKPACK"),
    ("Подсвечники и свечи", "CANDLE CANDLES T-LIGHT T-LIGHTS LANTERN INCENSE SCENTED CANDLEHOLDER"),
    ("Посуда", "MUG CUP PLATE BOWL TEAPOT TEA CAKESTAND CUTLERY GLASS JUG DISH SAUCER BOTTLE COFFEE TRAY DINNER"),
    ("Кухня и выпечка", "CAKE BAKING KITCHEN JAM APRON RECIPE TINS PANTRY EGG CASES JAR LUNCH SPOON SPICE TIN"),
    ("Для детей", "CHILDRENS CHILDS TOY DOLLY SPACEBOY KIDS BABY SKITTLES PLAYHOUSE JIGSAW DOLL GIRL BOY RABBIT"),
    ("Канцелярия", "NOTEBOOK PENCIL PENCILS PEN STICKERS STICKER ERASER RULER MAGNETS CALENDAR BOOK TAPE STAMP"),
    ("Открытки и упаковка", "CARD CARDS WRAP RIBBON RIBBONS TISSUE PAPER GIFT ENVELOPE TAGS DOILY DOILIES"),
    ("Декор стен", "WALL SIGN FRAME MIRROR CLOCK PHOTO ART HOOK HOOKS PICTURE LETTER HANGING BUNTING GARLAND"),
    ("Текстиль", "CUSHION TOWEL BLANKET COVER THROW QUILT RUG DOORMAT SOCKS SLIPPERS SCARF FELT"),
    ("Сад", "GARDEN PLANT FLOWER FLOWERS PARASOL BIRD WATERING PLANTER POT HERB ROSE BUTTERFLY"),
    ("Хранение", "BOX BOXES DRAWER CABINET STORAGE BASKET RACK STAND HOLDER HANGER CRATE"),
    ("Освещение и лампы", "LIGHT LIGHTS LAMP LED LAMPSHADE CHANDELIER FAIRY"),
    ("Прочее", ""),
]
FOLDERS = [
    "RETROSPOT", "REGENCY", "VINTAGE", "PAISLEY", "POLKADOT", "BABUSHKA", "SKULL", "SPACEBOY",
    "DOLLY GIRL", "STRAWBERRY", "WOODLAND", "EDWARDIAN", "FELTCRAFT", "PARISIENNE", "SUKI",
    "CIRCUS PARADE", "LOVEBIRD", "GINGHAM", "BAROQUE", "MORRIS", "SWEETHEART", "FRENCH",
    "ENGLISH ROSE", "UNION JACK", "LONDON", "CHARLOTTE", "APPLES", "POPPY", "BOTANICAL",
]
SERVICES = {"POST", "D", "C2", "DOT", "M", "m", "BANK CHARGES", "S", "AMAZONFEE", "B", "CRUK"}


def varint(out, value):
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def signed(out, value):
    varint(out, value << 1 if value >= 0 else (-value << 1) - 1)


def text(out, value):
    raw = value.encode()
    varint(out, len(raw))
    out += raw


def thousandths(price):
    sign = -1 if price.startswith("-") else 1
    whole, _, fraction = price.lstrip("-").partition(".")
    assert len(fraction) <= 3, price
    return sign * (int(whole) * 1000 + int(fraction.ljust(3, "0")))


def category_of(description):
    words = description.replace("/", " ").split()
    for index, (_, keywords) in enumerate(CATEGORIES):
        if set(words) & set(keywords.split()):
            return index
    return len(CATEGORIES) - 1


def folder_of(description):
    for index, name in enumerate(FOLDERS):
        if name in description:
            return index + 1
    return 0


def basis_of(invoice, earlier):
    """Finds the latest sale with at least these articles in at least these quantities."""
    wanted = collections.Counter()
    for article, quantity, _ in invoice["lines"]:
        wanted[article] -= quantity
    for index, sale in reversed(earlier):
        if all(sale["articles"][article] >= quantity for article, quantity in wanted.items()):
            return index + 1
    return 0


def read(path):
    invoices, articles, names, countries = {}, {}, collections.defaultdict(collections.Counter), {}
    with gzip.open(path, "rt", encoding="utf-8") as source:
        for row in csv.DictReader(source):
            article = articles.setdefault(row["StockCode"], len(articles))
            if row["Description"]:
                names[article][row["Description"].strip()] += 1
            invoice = invoices.setdefault(row["InvoiceNo"], {
                "number": row["InvoiceNo"],
                "date": datetime.datetime.fromisoformat(row["InvoiceDate"]),
                "customer": int(row["CustomerID"] or 0),
                "country": countries.setdefault(row["Country"], len(countries)),
                "lines": [],
            })
            invoice["lines"].append((article, int(row["Quantity"]), thousandths(row["UnitPrice"])))
    return list(invoices.values()), articles, names, list(countries)


def link_cancellations(invoices):
    sales = collections.defaultdict(list)
    for index, invoice in enumerate(invoices):
        customer, number = invoice["customer"], invoice["number"]
        invoice["basis"] = 0
        if number.startswith("C"):
            if customer:
                invoice["basis"] = basis_of(invoice, sales[customer])
        elif customer:
            invoice["articles"] = collections.Counter()
            for article, quantity, _ in invoice["lines"]:
                invoice["articles"][article] += quantity
            sales[customer].append((index, invoice))


def pack(source, target):
    invoices, articles, names, countries = read(source)
    link_cancellations(invoices)
    out = bytearray()
    varint(out, len(articles))
    for code, index in articles.items():
        best = names[index].most_common(1)
        description = best[0][0] if best else ""
        text(out, code)
        text(out, description or "Артикул " + code)
        varint(out, category_of(description.upper()))
        varint(out, folder_of(description.upper()))
        varint(out, int(code in SERVICES or code.startswith("gift_")))
    for group in (FOLDERS, [name for name, _ in CATEGORIES], countries):
        varint(out, len(group))
        for name in group:
            text(out, name)
    varint(out, len(invoices))
    for invoice in invoices:
        text(out, invoice["number"])
    before = datetime.datetime(2010, 12, 1)
    for invoice in invoices:
        minutes = int((invoice["date"] - before).total_seconds()) // 60
        varint(out, minutes)
        before = invoice["date"]
    for column in ("customer", "country"):
        for invoice in invoices:
            varint(out, invoice[column])
    for invoice in invoices:
        varint(out, len(invoice["lines"]))
    for invoice in invoices:
        varint(out, invoice["basis"])
    for column, write in ((0, varint), (1, signed), (2, signed)):
        for invoice in invoices:
            for line in invoice["lines"]:
                write(out, line[column])
    with open(target, "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
            packed.write(out)
    linked = sum(1 for i in invoices if i["basis"])
    print(f"{len(invoices)} invoices, {linked} cancellations linked, {len(out)} bytes unpacked")


if __name__ == "__main__":
    pack(sys.argv[1], sys.argv[2])
