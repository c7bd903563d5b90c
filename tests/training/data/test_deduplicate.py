import io

from PIL import Image

from tests.training.toys import picture
from vsr.training.data.cutting import PictureHashes


def compressed(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("L")


def test_a_picture_is_known_again_after_compression():
    looks = PictureHashes()
    for seed in range(20):
        image = Image.fromarray(picture(seed)).convert("L")
        assert looks.is_new(image)
        assert not looks.is_new(image)
        assert not looks.is_new(compressed(image, 80))


def test_other_pictures_are_new():
    looks = PictureHashes()
    assert all(looks.is_new(Image.fromarray(picture(seed)).convert("L")) for seed in range(100))
