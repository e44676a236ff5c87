package money

import (
	"strings"

	"github.com/shopspring/decimal"
)

// The active currencies and funds codes of ISO 4217, by the number of their minor digits. Codes without a minor unit (metals,
// special drawing rights, test codes) are not money that anybody can be charged in. A code that is withdrawn one day stays
// here as long as books are kept in it.
const (
	none  = `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`
	three = `BHD IQD JOD KWD LYD OMR TND`
	four  = `CLF UYW`
	two   = `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
		COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
		INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
		MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
		STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`
)

var digitsOf = func() map[string]int32 {
	table := map[string]int32{}
	for digits, codes := range map[int32]string{0: none, 2: two, 3: three, 4: four} {
		for _, code := range strings.Fields(codes) {
			table[code] = digits
		}
	}
	return table
}()

// zeroOf is nothing in each currency; amounts are immutable, so all may share it.
var zeroOf = func() map[string]Amount {
	table := make(map[string]Amount, len(digitsOf))
	for code, digits := range digitsOf {
		table[code] = Amount{decimal.New(0, -digits), code}
	}
	return table
}()

// Digits returns how many digits after the point a currency has; false when it is not an active ISO 4217 currency.
func Digits(currency string) (int32, bool) {
	digits, ok := digitsOf[currency]
	return digits, ok
}
