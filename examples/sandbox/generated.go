package main

import (
	"fmt"

	"github.com/linkit-go/linkit"
)

// bilingual is a name in both of Linkit's languages.
type bilingual struct{ en, ar string }

var (
	medicines = []bilingual{
		{"Paracetamol", "باراسيتامول"}, {"Ibuprofen", "إيبوبروفين"}, {"Amoxicillin", "أموكسيسيلين"},
		{"Cetirizine", "سيتيريزين"}, {"Omeprazole", "أوميبرازول"}, {"Metformin", "ميتفورمين"},
		{"Loratadine", "لوراتادين"}, {"Vitamin D3", "فيتامين د3"}, {"Zinc", "زنك"}, {"Folic acid", "حمض الفوليك"},
		{"Salbutamol", "سالبوتامول"}, {"Diclofenac", "ديكلوفيناك"}, {"Azithromycin", "أزيثروميسين"},
	}
	strengths = []int{5, 10, 20, 40, 50, 100, 200, 250, 400, 500}
	packs     = []int{10, 14, 20, 24, 28, 30, 60}
	districts = []bilingual{
		{"Al Malaz", "الملز"}, {"Al Nakheel", "النخيل"}, {"Al Rawdah", "الروضة"}, {"Al Safa", "الصفا"},
		{"Al Hamra", "الحمراء"}, {"Al Faisaliah", "الفيصلية"}, {"Al Yasmin", "الياسمين"}, {"Al Aziziyah", "العزيزية"},
	}
	cities = []bilingual{
		{"Riyadh", "الرياض"}, {"Jeddah", "جدة"}, {"Dammam", "الدمام"}, {"Mecca", "مكة المكرمة"},
		{"Medina", "المدينة المنورة"}, {"Abha", "أبها"}, {"Tabuk", "تبوك"},
	}
)

// generatedProduct returns product number n. The same number is always the same product.
func generatedProduct(n int) linkit.Product {
	medicine := medicines[n%len(medicines)]
	strength, pack := strengths[n/len(medicines)%len(strengths)], packs[n%len(packs)]
	return linkit.Product{
		IvID:         fmt.Sprintf("GEN-%06d", n),
		NameEn:       fmt.Sprintf("%s %d mg, %d tablets", medicine.en, strength, pack),
		NameAr:       fmt.Sprintf("%s %d ملغ، %d قرصًا", medicine.ar, strength, pack),
		AveragePrice: float64(500+n*37%9500) / 100,
		Barcode:      fmt.Sprintf("6281%09d", n),
		IsEnabled:    n%17 != 0,
	}
}

// generatedBranch returns branch number n.
func generatedBranch(n int) linkit.Branch {
	district, city := districts[n%len(districts)], cities[n%len(cities)]
	return linkit.Branch{
		IvID:   fmt.Sprintf("BR-%04d", n),
		NameEn: fmt.Sprintf("%s %d, %s", district.en, n, city.en),
		NameAr: fmt.Sprintf("%s %d، %s", district.ar, n, city.ar),
		Active: n%11 != 0,
	}
}

// generatedStock returns the SKUs of product number n at branches.
func generatedStock(n int, product string, price float64, branches []string) []linkit.SKU {
	skus := make([]linkit.SKU, len(branches))
	for i, branch := range branches {
		qty := (n*7 + i*11) % 40
		skus[i] = linkit.SKU{
			ProductIvID: product, BranchIvID: branch, Qty: &qty, Price: price, Available: qty > 0,
		}
	}
	return skus
}
