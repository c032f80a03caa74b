# Run beside cluster_sample.csv and api_apiclus1.csv: Rscript cluster_sample.R
suppressMessages({library(survey); library(clubSandwich); library(jsonlite)})
d <- read.csv("cluster_sample.csv", stringsAsFactors=FALSE)
d$size <- factor(d$size); d$place <- factor(d$place); d$A <- d$department=="A"; d$B <- d$department=="B"
m <- function(x) unname(as.matrix(x))
out <- list(versions=list(R=R.version.string, survey=as.character(packageVersion("survey")), clubSandwich=as.character(packageVersion("clubSandwich"))))
total <- 1400; size <- c(L=180,M=420,S=800); place <- c(east=600,west=800)
designs <- list(
  stratified = svydesign(id=~cluster, strata=~stratum, weights=~base, data=d),
  stratified_fpc = svydesign(id=~cluster, strata=~stratum, weights=~base, fpc=~fpc, data=d),
  clustered = svydesign(id=~cluster, weights=~base, data=d))
for (name in names(designs)) designs[[paste0(name,"_raked")]] <- calibrate(designs[[name]], ~size+place, c(`(Intercept)`=total, sizeM=420, sizeS=800, placewest=800), calfun="raking", epsilon=1e-13, maxit=200)
out$raked_weights <- unname(weights(designs$clustered_raked))
for (name in names(designs)) {
  x <- designs[[name]]
  s <- svymean(~y1+y2, x)
  # a joint covariance of two domain means through totals and the delta method, all on the full design
  t4 <- svytotal(~I(y1*A)+I(A*1)+I(y1*B)+I(B*1), x)
  r <- svycontrast(t4, list(A=quote(`I(y1 * A)`/`I(A * 1)`), B=quote(`I(y1 * B)`/`I(B * 1)`)))
  a <- subset(x, A); b <- subset(x, B)
  sa <- svymean(~y1, a); sb <- svymean(~y1, b)
  ci <- svyciprop(~solved, x, method="logit", df=degf(x)); 
  cib <- svyciprop(~solved, b, method="logit", df=degf(b))
  out[[name]] <- list(mean=unname(coef(s)), vcov=m(vcov(s)), df=degf(x), domain_mean=c(coef(sa)[[1]],coef(sb)[[1]]),
    domain_se=c(SE(sa)[[1]],SE(sb)[[1]]), domain_vcov=m(vcov(r)), domain_df=c(degf(a),degf(b)),
    share=unname(coef(svymean(~solved,x))), share_ci=as.numeric(attr(ci,"ci")), share_b=unname(coef(svymean(~solved,b))), share_b_ci=as.numeric(attr(cib,"ci")))
}
# CR2: weighted regression, identity working model, clusters
f <- lm(y1~1, data=d, weights=base); V <- vcovCR(f, cluster=d$cluster, type="CR2")
ct <- coef_test(f, vcov=V, test="Satterthwaite")
dd <- d[d$department!="none",]; g <- lm(y1~0+department, data=dd, weights=base); VG <- vcovCR(g, cluster=dd$cluster, type="CR2")
cg <- coef_test(g, vcov=VG, test="Satterthwaite"); ci <- conf_int(g, vcov=VG, level=.95, test="Satterthwaite")
g2 <- lm(y1~department, data=dd, weights=base); lc <- conf_int(g2, vcov=vcovCR(g2, cluster=dd$cluster, type="CR2"), level=.95, test="Satterthwaite")[2,]
e <- lm(y1~1, data=d[d$B,], weights=base)
out$cr2 <- list(mean_se=ct$SE, mean_df=ct$df, domain_vcov=m(VG), domain_df=cg$df, domain_low=ci$CI_L, domain_high=ci$CI_U, difference=lc$beta, difference_se=lc$SE, difference_df=lc$df, difference_low=lc$CI_L, difference_high=lc$CI_U)
api <- read.csv("api_apiclus1.csv"); 
f <- lm(api00~1, data=api, weights=pw); ct <- coef_test(f, vcov=vcovCR(f, cluster=api$dnum, type="CR2"), test="Satterthwaite")
out$cr2_apiclus1 <- list(se=ct$SE, df=ct$df)
write(toJSON(out, digits=NA, auto_unbox=TRUE, pretty=TRUE), "cluster_sample_ref.json")
